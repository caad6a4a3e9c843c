import Identifiers
import Postgres

// A device goes first, and then its shard's owner drops its keys and what waits for it. When no owner can be reached these
// stay, and nobody would look at them again. So everything that belongs to devices is gone through, device by device:
// from each the next is found in the index, however much there is of one.
//
// A new device may come by the same name meanwhile. It waits for its owner's row, which is locked here, and what it brings
// is not there yet when the old is looked for.

/// Deletes keys and messages of devices that do not exist any more.
public struct DeviceRemains: Sendable {
    /// What is kept by device, its owner and name first in the key.
    public enum Table: String, Sendable, CaseIterable {
        case deviceKey = "device_key"
        case oneTimeKey = "one_time_key"
        case fallbackKey = "fallback_key"
        case toDevice = "to_device"
    }

    /// Before any device there can be comes one without a name.
    public struct Place: Sendable, Equatable {
        public var user: String
        public var device: String

        public init(user: String = "", device: String = "") {
            self.user = user
            self.device = device
        }
    }

    /// The most devices one call looks at.
    public static let devicesMax = 500
    /// The most rows one statement deletes.
    public static let rowsMax = 1_000

    let database: PostgresDatabase

    public init(database: PostgresDatabase) { self.database = database }

    /// Goes through the devices in `table` after a place.
    ///
    /// - Returns: where to go on: at the first that is gone if there was more of it than was deleted; `nil` at the end.
    public func step(through table: Table, after place: Place) async throws -> Place? {
        let rows = try await database.query(
            """
            WITH RECURSIVE found AS (
                (SELECT user_id, device_id, 1 AS number FROM \(table.rawValue)
                  WHERE (user_id, device_id) > ($1::text COLLATE "C", $2::text COLLATE "C")
                  ORDER BY user_id, device_id LIMIT 1)
                UNION ALL
                SELECT next.user_id, next.device_id, f.number + 1 FROM found AS f
                 CROSS JOIN LATERAL (
                       SELECT t.user_id, t.device_id FROM \(table.rawValue) AS t
                        WHERE (t.user_id, t.device_id) > (f.user_id, f.device_id)
                        ORDER BY t.user_id, t.device_id LIMIT 1) AS next
                 WHERE f.number < $3)
            SELECT f.user_id, f.device_id,
                   NOT EXISTS (SELECT FROM device AS d WHERE d.user_id = f.user_id AND d.device_id = f.device_id) AS is_gone
              FROM found AS f ORDER BY f.number
            """, place.user, place.device, Int64(Self.devicesMax))
        var last = place
        for row in rows {
            let next = Place(user: try row.text("user_id"), device: try row.text("device_id"))
            if try row.bool("is_gone"), try await !clear(next, from: table) { return last }
            last = next
        }
        return rows.count < Self.devicesMax ? nil : last
    }

    /// - Returns: whether nothing is left of it.
    private func clear(_ place: Place, from table: Table) async throws -> Bool {
        try await database.transaction { transaction in
            let owner = try await transaction.query("SELECT FROM account WHERE user_id = $1 FOR UPDATE", place.user)
            // What belongs to nobody of this server is nothing that its devices left.
            guard !owner.isEmpty else { return true }
            let deleted = try await transaction.query(
                """
                DELETE FROM \(table.rawValue) WHERE ctid = ANY (ARRAY(
                    SELECT t.ctid FROM \(table.rawValue) AS t
                     WHERE t.user_id = $1 AND t.device_id = $2
                       AND NOT EXISTS (SELECT FROM device AS d WHERE d.user_id = $1 AND d.device_id = $2)
                     LIMIT $3))
                """, place.user, place.device, Int64(Self.rowsMax)
            ).affectedRows
            if table != .toDevice {
                try await transaction.query(
                    """
                    DELETE FROM key_stock WHERE user_id = $1 AND device_id = $2
                       AND NOT EXISTS (SELECT FROM device AS d WHERE d.user_id = $1 AND d.device_id = $2)
                    """, place.user, place.device)
            }
            return deleted < Self.rowsMax
        }
    }
}
