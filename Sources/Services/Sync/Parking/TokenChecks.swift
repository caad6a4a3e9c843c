import Logging
import MatrixHTTP
import WorkerRuntime

/// Looks after the access tokens of waiting polls: one statement for all of them, so that a revoked one ends its poll within
/// a second though nobody is told.
struct TokenChecks: Sendable {
    static let interval = Duration.milliseconds(500)
    /// Tokens in one statement.
    static let tokensPerStatementMax = 5_000

    let polls: ParkedPolls
    let callers: Callers
    let logger: Logger

    func run() async {
        await repeatUntilCancelled(every: Self.interval, pausesFirst: true) {
            do {
                try await check()
            } catch {
                logger.warning("access tokens not checked", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Wakes the polls whose tokens are not good any more.
    func check() async throws {
        let parked = polls.polls
        for start in stride(from: 0, to: parked.count, by: Self.tokensPerStatementMax) {
            let part = parked[start..<min(start + Self.tokensPerStatementMax, parked.count)]
            let valid = try await callers.valid(among: part.map(\.tokenHash))
            for poll in part where !valid.contains(poll.tokenHash) { poll.signal(.revoked) }
        }
    }
}
