import Logging

/// Work that waits in a table, done in bounded steps: every client worker takes what nobody works on.
struct BackgroundSteps: Sendable {
    /// How often the table is looked at when there is nothing to do.
    static let pause = Duration.seconds(2)

    /// For logs.
    let name: String
    let logger: Logger
    /// Does one step; `false` when there is none to do.
    let step: @Sendable () async throws -> Bool

    /// Goes on until it is cancelled.
    func run() async {
        while !Task.isCancelled {
            var isBusy = false
            do {
                isBusy = try await step()
            } catch {
                logger.warning("background work waits", metadata: ["work": "\(name)", "error": "\(error)"])
            }
            // It ends by cancellation, which the condition above sees.
            if !isBusy { try? await Task.sleep(for: Self.pause) }
        }
    }
}
