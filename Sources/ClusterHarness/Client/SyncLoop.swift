import Synchronization

/// A client that long-polls until it is cancelled, as an open app does.
public struct SyncLoop: Sendable {
    /// The pause after a poll that failed.
    static let failurePause = Duration.milliseconds(100)

    public let client: ChatClient
    /// How long each poll may be parked.
    public let wait: Duration
    private let seen: @Sendable (SyncAnswer) -> Void

    /// - Parameter seen: called with each answer, in order.
    public init(
        client: ChatClient, wait: Duration = .seconds(20), seen: @escaping @Sendable (SyncAnswer) -> Void = { _ in }
    ) {
        self.client = client
        self.wait = wait
        self.seen = seen
    }

    /// Polls from `since` on; a poll that failed is repeated with the same token, and is on record as failed.
    public func run(since: String) async {
        var since = since
        while !Task.isCancelled {
            do {
                let answer = try await client.follow(since: since, wait: wait)
                since = answer.next
                seen(answer)
            } catch {
                // Ends with the cancellation; the loop's condition sees it.
                try? await Task.sleep(for: Self.failurePause)
            }
        }
    }
}
