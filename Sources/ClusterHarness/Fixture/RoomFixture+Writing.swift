import Events
import Identifiers
import Postgres
import ReplicationLog
import RoomRules
import Storage

extension RoomFixture {
    /// Events written with one statement.
    static let chunkCount = 500
    /// Numbers of roots that a position has, of which the first is the root after its event.
    static let rootsPerPosition: Int64 = 4

    /// Writes the room as its writer would have, before any writer owns its shard.
    public func write(to database: PostgresDatabase) async throws {
        let head = try await database.query("SELECT epoch, seq FROM head WHERE shard = $1", shard.number)
        let base = ShardSequence(try head[0].int64("seq"))
        let rows = FixtureRows(self, after: base)
        try await database.transaction { transaction in
            for statement in rows.statements { _ = try await transaction.query(statement) }
            _ = try await transaction.query(
                PostgresStatement(
                    "SELECT advance_head($1, $2, $3, $4)",
                    [shard.number, try head[0].int64("epoch"), base.value, Int32(rows.entries.count)]))
            _ = try await transaction.query(rows.logStatement(after: base, epoch: try head[0].int64("epoch")))
        }
    }
}

/// The rows of a fixture, numbered.
private struct FixtureRows {
    let fixture: RoomFixture
    private(set) var entries: [(kind: LogKind, key: String)] = []
    private var events: [EventRow] = []
    private var roots: [StateRootRow] = []
    private var changes: [StateChangeRow] = []
    private var memberships: [MembershipRow] = []
    private var histories: [MembershipHistoryRow] = []

    init(_ fixture: RoomFixture, after base: ShardSequence) {
        self.fixture = fixture
        var tree = StateTree()
        var root: StateRootRow?
        for event in fixture.events {
            let position = base.advanced(by: entries.count + 1)
            let before = root?.root
            entries.append((.event, fixture.room.rawValue))
            if let key = event.stateMapKey {
                let change = StateChange(key: key, old: tree[key], new: event.id)
                tree[key] = event.id
                let next = Self.root(after: root, change, tree, at: position, in: fixture)
                roots.append(next)
                root = next
                changes.append(
                    StateChangeRow(room: fixture.room, position: position, change: change, root: next.root))
            }
            events.append(
                EventRow(
                    event: event, json: event.json.bytes(), position: position, stateBefore: before,
                    stateAfter: root?.root))
            if let user = event.memberTarget { addMembership(of: user, by: event, at: position) }
        }
    }

    /// As the room's writer does: what differs from the parent, or from time to time a snapshot.
    private static func root(
        after parent: StateRootRow?, _ change: StateChange, _ tree: StateTree, at position: ShardSequence,
        in fixture: RoomFixture
    ) -> StateRootRow {
        let id = StateRootID(shard: fixture.shard, number: position.value * RoomFixture.rootsPerPosition)
        let chainMax = Int32(min(StateRootStore.chainMax - 1, max(50, tree.count / 4)))
        guard let parent, parent.chain < chainMax, tree.count > 1 else {
            return StateRootRow(
                root: id, room: fixture.room, parent: nil, chain: 0, entries: StateRootEncoding.encode(tree))
        }
        return StateRootRow(
            root: id, room: fixture.room, parent: parent.root, chain: parent.chain + 1,
            entries: StateRootEncoding.encode([(change.key, change.new)]))
    }

    private mutating func addMembership(of user: UserID, by event: Event, at position: ShardSequence) {
        entries.append((.membership, user.rawValue))
        memberships.append(
            MembershipRow(room: fixture.room, user: user, event: event, isLocal: true, position: position))
        histories.append(
            MembershipHistoryRow(
                user: user, room: fixture.room, position: position, membership: event.membership ?? "leave",
                event: event.id, sender: event.sender))
    }

    var statements: [PostgresStatement] {
        let shard = fixture.shard
        let room = RoomRow(
            room: fixture.room, version: RoomVersion.default.name, createdAt: fixture.events[0].originServerTS)
        let end = fixture.events.suffix(1).map { ForwardExtremityRow(room: fixture.room, event: $0.id) }
        return [RoomRow.insert([room], in: shard)]
            + roots.chunked().map { StateRootRow.insert($0) } + events.chunked().map { EventRow.insert($0, in: shard) }
            + changes.chunked().map { StateChangeRow.insert($0, in: shard) }
            + changes.chunked().flatMap { StateChangeRow.apply($0, in: shard) }
            + memberships.chunked().flatMap { MembershipRow.apply($0, in: shard) }
            + histories.chunked().map { MembershipHistoryRow.insert($0, in: shard) }
            + [ForwardExtremityRow.replace(removed: [], added: end)]
    }

    func logStatement(after base: ShardSequence, epoch: Int64) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO log (shard, seq, epoch, kind, format, key)
            SELECT $1, $2 + n, $3, kind, $4, key
              FROM unnest($5::smallint[], $6::text[]) WITH ORDINALITY AS entries (kind, key, n)
            """,
            [
                fixture.shard.number, base.value, epoch, LogEntry.formatKnown, entries.map(\.kind.rawValue),
                entries.map(\.key),
            ])
    }
}

extension Array {
    fileprivate func chunked() -> [[Element]] {
        stride(from: 0, to: count, by: RoomFixture.chunkCount).map {
            Array(self[$0..<Swift.min($0 + RoomFixture.chunkCount, count)])
        }
    }
}
