import Logging
import OutboundHTTP

// Each tailing worker keeps one connection to every room-writer, which says which shards moved, who types and who is there. All of it
// may be lost: a writer that dies takes its feed along, and the tail's polling finds what the hints would have told.
// A connection that is silent for longer than a heartbeat allows is closed and made anew.

/// Listens to the feeds of all room-writers.
public struct FeedClient: Sendable {
    /// How often the list of writers is asked for.
    public static let refreshInterval = Duration.seconds(1)
    /// The longest wait before a lost feed is opened again.
    public static let reconnectPauseMax = Duration.seconds(2)
    /// How long a writer may take to answer.
    public static let openDurationMax = Duration.seconds(3)

    private let client: InternalClient
    private let sources: @Sendable () async -> [FeedSource]
    private let onEvent: @Sendable (FeedEvent) async -> Void
    private let logger: Logger
    private let silenceMax: Duration

    /// - Parameters:
    ///   - sources: the room-writers to listen to, asked each second.
    ///   - silenceMax: how long a feed may say nothing.
    ///   - onEvent: called for each feed's events in order; the feeds are told independently.
    public init(
        client: InternalClient, logger: Logger, silenceMax: Duration = FeedMessage.silenceMax,
        sources: @escaping @Sendable () async -> [FeedSource],
        onEvent: @escaping @Sendable (FeedEvent) async -> Void
    ) {
        self.client = client
        self.logger = logger
        self.silenceMax = silenceMax
        self.sources = sources
        self.onEvent = onEvent
    }

    /// Listens until the task is cancelled.
    public func run() async {
        let feeds = FollowedFeeds()
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for source in feeds.list(await sources()) {
                    group.addTask {
                        await follow(source) { feeds.isListed(source) }
                        feeds.remove(source)
                    }
                }
                // Cancellation ends the wait and with it the loop.
                try? await Task.sleep(for: Self.refreshInterval)
            }
        }
    }

    /// Keeps one writer's feed open as long as the writer is listed.
    private func follow(_ source: FeedSource, isListed: @Sendable () -> Bool) async {
        var pauses = RetryPauses(first: .milliseconds(50), max: Self.reconnectPauseMax)
        while !Task.isCancelled, isListed() {
            do {
                let response = try await client.stream(
                    from: source.address, path: "/internal/feed", deadline: .now + Self.openDurationMax)
                guard response.status == 200 else { throw HTTPClientError.transferFailed("status \(response.status)") }
                pauses = RetryPauses(first: .milliseconds(50), max: Self.reconnectPauseMax)
                await onEvent(.connected(writer: source.writer))
                let reason = await read(response.body, of: source)
                await onEvent(.disconnected(writer: source.writer))
                logger.debug("a feed ended", metadata: ["writer": "\(source.writer)", "reason": "\(reason)"])
            } catch {
                logger.debug("a feed cannot be opened", metadata: ["writer": "\(source.writer)", "error": "\(error)"])
            }
            // Cancellation ends the wait and with it the loop.
            try? await Task.sleep(for: pauses.next())
        }
    }

    /// Reads a feed to its end, which silence is too; returns why it ended.
    private func read(_ body: HTTPBodyStream, of source: FeedSource) async -> String {
        let lastHeard = LastHeard()
        return await withTaskGroup(of: String.self) { group in
            group.addTask {
                var lines = FeedLines()
                do {
                    for try await bytes in body {
                        lastHeard.touch()
                        for line in try lines.take(bytes) { try await tell(line, of: source) }
                    }
                    return "closed"
                } catch {
                    return "\(error)"
                }
            }
            group.addTask {
                while lastHeard.age < silenceMax {
                    do { try await Task.sleep(for: silenceMax / 8) } catch { return "cancelled" }
                }
                body.cancel()
                return "silent"
            }
            let reason = await group.next() ?? "cancelled"
            group.cancelAll()
            return reason
        }
    }

    private func tell(_ line: [UInt8], of source: FeedSource) async throws(ContractError) {
        switch try FeedMessage.parse(line: line) {
        case nil, .heartbeat: break
        case let message?: await onEvent(.message(message, writer: source.writer))
        }
    }
}
