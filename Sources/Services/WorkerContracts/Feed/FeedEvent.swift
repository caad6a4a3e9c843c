/// What a feed client tells.
public enum FeedEvent: Sendable, Equatable {
    /// The writer's feed is open: what it said under an earlier connection may be stale.
    case connected(writer: String)
    case message(FeedMessage, writer: String)
    /// Its ephemeral state is unknown from now on.
    case disconnected(writer: String)
}

/// A room-writer with a feed.
public struct FeedSource: Sendable, Hashable {
    /// The worker's ID.
    public var writer: String
    /// Its internal address, `host:port`.
    public var address: String

    public init(writer: String, address: String) {
        self.writer = writer
        self.address = address
    }
}
