import CanonicalJSON
import Identifiers
import Postgres

/// How many keys of a device wait to be handed out.
public struct KeyStock: Sendable, Equatable {
    /// The algorithm clients always look for, so that it is named also when there are none.
    public static let usualAlgorithm = "signed_curve25519"

    /// When it last changed, in the order of the user's shard.
    public var position: ShardSequence
    /// By algorithm.
    public var counts: JSONObject
    /// The algorithms of fallback keys that have not been handed out.
    public var unusedFallback: [JSONValue]

    public static let none = KeyStock(position: .zero, counts: [usualAlgorithm: 0], unusedFallback: [])
}

/// Counts devices' one-time and fallback keys.
public struct KeyStockStore: Sendable {
    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// What `device` of `user` has.
    public func stock(of device: DeviceID, of user: UserID) async throws -> KeyStock {
        let rows = try await database.query(
            """
            SELECT 0::smallint AS kind, '' AS algorithm, seq AS number FROM key_stock
             WHERE user_id = $1 AND device_id = $2
            UNION ALL
            SELECT 1::smallint, algorithm, count(*) FROM one_time_key
             WHERE user_id = $1 AND device_id = $2 AND claimed_at IS NULL GROUP BY algorithm
            UNION ALL
            SELECT 2::smallint, algorithm, 0 FROM fallback_key WHERE user_id = $1 AND device_id = $2 AND NOT is_used
             ORDER BY 1, 2
            """, user.rawValue, device.rawValue)
        var stock = KeyStock.none
        for row in rows {
            switch try row.int16("kind") {
            case 0: stock.position = ShardSequence(try row.int64("number"))
            case 1: stock.counts[try row.text("algorithm")] = .int(try row.int64("number"))
            default: stock.unusedFallback.append(.string(try row.text("algorithm")))
            }
        }
        return stock
    }
}
