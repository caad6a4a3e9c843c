import Events
import Identifiers
import Postgres

/// A row of `state_root`: a state of a room as a snapshot, or as what differs from its parent.
public struct StateRootRow: Sendable {
    public var root: StateRootID
    public var room: RoomID
    /// `nil`: `entries` is the whole state.
    public var parent: StateRootID?
    /// How many roots are between this one and its snapshot, itself counted; 0 for a snapshot.
    public var chain: Int32
    /// In the form of `StateRootEncoding`.
    public var entries: [UInt8]

    public init(root: StateRootID, room: RoomID, parent: StateRootID?, chain: Int32, entries: [UInt8]) {
        self.root = root
        self.room = room
        self.parent = parent
        self.chain = chain
        self.entries = entries
    }

    /// Adds new roots.
    public static func insert(_ rows: [StateRootRow]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO state_root (root_id, room_id, parent_id, chain, entries)
            SELECT root_id, room_id, parent_id, chain, entries
              FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::integer[], $5::bytea[])
                   AS rows (root_id, room_id, parent_id, chain, entries)
            """,
            [
                rows.map(\.root.value), rows.map(\.room.rawValue), rows.map { $0.parent?.value }, rows.map(\.chain),
                rows.map(\.entries),
            ])
    }
}
