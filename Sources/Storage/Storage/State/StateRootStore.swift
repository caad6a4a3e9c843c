import Events
import Identifiers
import Postgres

/// Reads stored states of rooms: a root's own entries and those of its parents, down to a snapshot.
public struct StateRootStore: Sendable {
    /// A writer makes a snapshot before a chain has more roots than this.
    public static let chainMax = 200

    /// A root to build upon, and what to apply to it in order.
    public struct Chain: Sendable {
        /// The nearest root the caller knows already; `nil` when `entries` begins with a snapshot.
        public let known: StateRootID?
        /// Each root's entries in the form of `StateRootEncoding`, oldest first.
        public let entries: [[UInt8]]
    }

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The chain of `root`, from a snapshot or one of `known` on; `nil` when there is no such root.
    ///
    /// - Throws: `StoreError.malformedRow` when the chain does not end in a snapshot.
    public func chain(of root: StateRootID, known: [StateRootID]) async throws -> Chain? {
        let rows = try await database.query(
            """
            WITH RECURSIVE chain AS (
                SELECT r.root_id, r.parent_id, r.entries, 0 AS distance FROM state_root AS r WHERE r.root_id = $1
                UNION ALL
                SELECT r.root_id, r.parent_id, r.entries, chain.distance + 1
                  FROM chain JOIN state_root AS r ON r.root_id = chain.parent_id
                 WHERE NOT (chain.parent_id = ANY($2::bigint[])) AND chain.distance < $3)
            SELECT parent_id, entries FROM chain ORDER BY distance DESC
            """, root.value, known.map(\.value), Int64(Self.chainMax))
        guard let oldest = rows.first else { return nil }
        let parent = try oldest.optionalInt64("parent_id").map { StateRootID($0) }
        if let parent, !known.contains(parent) { throw StoreError.malformedRow("state_root.parent_id") }
        return Chain(known: parent, entries: try rows.map { try $0.bytes("entries") })
    }

    /// The root of `room`'s current state at `position`: that of its last change up to there.
    ///
    /// - Returns: `nil` when the room did not exist yet.
    public func currentRoot(of room: RoomID, at position: ShardSequence) async throws -> StateRootID? {
        let rows = try await database.query(
            "SELECT root_id FROM state_change WHERE room_id = $1 AND seq <= $2 ORDER BY seq DESC LIMIT 1",
            room.rawValue, position.value)
        return try rows.first.map { StateRootID(try $0.int64("root_id")) }
    }
}
