import Identifiers

/// Sends commands to the owners of shards; ``WriterClient`` does it over the network, tests may do it in memory.
public protocol WriterCommanding: Sendable {
    /// Has `command` take effect exactly once, whoever owns the shard by then.
    ///
    /// - Returns: ``WriterReply/done(events:position:)``, ``WriterReply/answered(_:position:)``, ``WriterReply/refused(_:)`` or
    ///   ``WriterReply/busy(retryAfter:)``; never ``WriterReply/moved(to:)``, which is followed.
    /// - Throws: ``WriterUnavailable``; the command may or may not have had its effect, and may be repeated with its ID.
    func execute(
        _ command: WriterCommand, id: CommandID, in shard: ShardID
    ) async throws(WriterUnavailable) -> WriterReply
}

/// No owner of the shard took the command in time.
public struct WriterUnavailable: Error, Sendable, CustomStringConvertible {
    public var shard: ShardID
    /// What the last attempt met, for logs.
    public var reason: String

    public init(shard: ShardID, reason: String) {
        self.shard = shard
        self.reason = reason
    }

    public var description: String { "shard \(shard) is unavailable: \(reason)" }
}
