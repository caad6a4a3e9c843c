import CanonicalJSON
import Identifiers
import Logging
import OutboundHTTP

// A command must have its effect once, though its shard's owner may be replaced while it is on its way. So the command
// carries an ID, the writer stores the answer in the transaction of the effect, and this client repeats the same ID to
// whoever owns the shard until someone answers. A client of Apus notices a hand-over as a few hundred milliseconds.

/// Sends commands over the network to the owners of shards.
public struct WriterClient: WriterCommanding {
    /// How long a command is tried, in all.
    public static let deadlineDefault = Duration.seconds(5)
    /// How long one attempt may take: an owner that froze must not use up all the time its successor needs.
    public static let attemptMax = Duration.seconds(2)
    /// The longest wait between attempts; the first is a hundredth.
    public static let pauseMax = Duration.milliseconds(200)

    private let client: InternalClient
    private let routing: any ShardRouting
    private let deadline: Duration
    private let reachability: WriterReachability?
    private let logger: Logger

    /// - Parameter reachability: is told which writers answer.
    public init(
        client: InternalClient, routing: any ShardRouting, deadline: Duration = deadlineDefault,
        reachability: WriterReachability? = nil, logger: Logger
    ) {
        self.client = client
        self.routing = routing
        self.deadline = deadline
        self.reachability = reachability
        self.logger = logger
    }

    public func execute(
        _ command: WriterCommand, id: CommandID, in shard: ShardID
    ) async throws(WriterUnavailable) -> WriterReply {
        let end = ContinuousClock.now + deadline
        let body = CommandEnvelope(id: id, command: command).json.bytes()
        var pauses = RetryPauses(first: Self.pauseMax / 100, max: Self.pauseMax)
        while true {
            let reason: String
            switch await attempt(body, shard: shard, end: end) {
            case .answered(let reply): return reply
            case .hopeless(let why): throw WriterUnavailable(shard: shard, reason: why)
            case .again(let why): reason = why
            }
            let pause = pauses.next()
            guard !Task.isCancelled, ContinuousClock.now + pause < end else {
                throw WriterUnavailable(shard: shard, reason: reason)
            }
            logger.debug(
                "repeating a command",
                metadata: ["shard": "\(shard)", "command": "\(id.hexadecimal)", "reason": "\(reason)"])
            await routing.invalidate(shard)
            // Cancellation ends the wait; the loop sees it after its next attempt.
            try? await Task.sleep(for: pause)
        }
    }

    private enum Attempt {
        case answered(WriterReply)
        /// Someone else may answer, or the same one later.
        case again(String)
        case hopeless(String)
    }

    private func attempt(_ body: [UInt8], shard: ShardID, end: ContinuousClock.Instant) async -> Attempt {
        guard let address = await routing.ownerAddress(of: shard) else { return .again("nobody owns it") }
        let response: HTTPResponse
        let attemptEnd = ContinuousClock.now + Self.attemptMax
        do {
            response = try await client.send(
                "POST", to: address, path: "/internal/shards/\(shard)/commands", json: body,
                deadline: min(end, attemptEnd))
        } catch .cancelled {
            return .hopeless("cancelled")
        } catch {
            note(error, of: address, hadItsTime: attemptEnd <= end)
            return .again("\(address): \(error)")
        }
        reachability?.reached(address)
        return Self.judge(response, from: address)
    }

    /// What failed on this side says nothing about the writer.
    private func note(_ error: HTTPClientError, of address: String, hadItsTime: Bool) {
        switch error {
        case .connectFailed, .transferFailed: reachability?.missed(address)
        case .timedOut where hadItsTime: reachability?.missed(address)
        case .timedOut, .badRequest, .addressDenied, .responseTooLarge, .cancelled, .overloaded, .shutDown: break
        }
    }

    private static func judge(_ response: HTTPResponse, from address: String) -> Attempt {
        switch response.status {
        case 200:
            do {
                let reply = try WriterReply(json: try JSONValue.parse(response.body))
                if case .moved(let owner) = reply { return .again("\(address): moved to \(owner ?? "nobody yet")") }
                return .answered(reply)
            } catch {
                return .again("\(address): unreadable reply: \(error)")
            }
        // The owner cannot read the command: it would not the next time either.
        case 400, 413, 422: return .hopeless("\(address): status \(response.status)")
        // Also 401 and 404: the address may be another process's by now.
        default: return .again("\(address): status \(response.status)")
        }
    }
}
