import Identifiers
import Postgres

/// Messages that wait for a device: the `to_device` table.
public struct ToDeviceStore: Sendable {
    /// The most messages a call returns.
    public static let messagesMax = 100

    /// How many messages wait for a device; of one that never comes back the oldest go.
    public static let waitingMax = 5_000
    /// How many more there may be before they are dropped, so that it is not done at each message.
    public static let waitingSlack = 500

    /// A message as its device gets it.
    public struct Message: Sendable, Equatable {
        /// In the order of the user's shard.
        public let position: ShardSequence
        /// A JSON object of content, sender and type.
        public let json: [UInt8]
    }

    /// What waits for a device.
    public struct Page: Sendable, Equatable {
        /// Oldest first.
        public let messages: [Message]
        /// Whether there are more behind them, up to the position asked for.
        public let hasMore: Bool
        /// Whether messages are still stored that the device has had.
        public let hasAcknowledged: Bool
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The messages to `device` of `user` after one position and up to another, at most ``messagesMax``.
    public func page(
        to device: DeviceID, of user: UserID, after: ShardSequence, upTo: ShardSequence
    ) async throws -> Page {
        let rows = try await database.query(
            """
            (SELECT seq, message FROM to_device WHERE user_id = $1 AND device_id = $2 AND seq > $3 AND seq <= $4
              ORDER BY seq LIMIT $5)
            UNION ALL
            (SELECT seq, NULL FROM to_device WHERE user_id = $1 AND device_id = $2 AND seq <= $3 ORDER BY seq LIMIT 1)
            """, user.rawValue, device.rawValue, after.value, upTo.value, Int64(Self.messagesMax + 1))
        var messages: [Message] = []
        var hasAcknowledged = false
        for row in rows {
            if let json = try row.optionalBytes("message") {
                messages.append(Message(position: ShardSequence(try row.int64("seq")), json: json))
            } else {
                hasAcknowledged = true
            }
        }
        return Page(
            messages: Array(messages.prefix(Self.messagesMax)), hasMore: messages.count > Self.messagesMax,
            hasAcknowledged: hasAcknowledged)
    }
}
