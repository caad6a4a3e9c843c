import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomRules
import Signing
import Storage

/// A room put straight into the tables, event by event as its writer would store it; for tests of what reads rooms.
///
/// Its events are built and signed, follow one another without forks, and are not authorised.
public actor StoredRoom {
    public struct Stored: Sendable {
        public let event: Event
        public let position: ShardSequence
        public var id: EventID { event.id }
    }

    public nonisolated let room: RoomID
    public nonisolated let shard: ShardID
    public nonisolated let version: RoomVersion
    private let builder: EventBuilder
    private let database: any PostgresQuerying
    private var tree = StateTree()
    private var root: StateRootID?
    private var chain: Int32 = 0
    private var last: Event?
    private var head: ShardSequence
    private var memberships: [UserID: String] = [:]

    private init(
        _ database: any PostgresQuerying, _ builder: EventBuilder, _ create: Event, version: RoomVersion,
        shard: ShardID,
        head: ShardSequence
    ) {
        self.database = database
        self.builder = builder
        self.version = version
        self.shard = shard
        self.head = head
        room = create.room
    }

    /// A room with its create event and its creator's join.
    public static func create(
        in database: any PostgresQuerying, by creator: UserID, version: RoomVersion = .default,
        shard: ShardID = ShardID(3)
    ) async throws -> StoredRoom {
        let key = try SigningKey(keyID: "ed25519:test", seed: Array(repeating: 7, count: 32))
        let builder = EventBuilder(rules: version.rules, server: creator.server, key: key)
        let create = try builder.buildCreate(
            version: version, content: [:], sender: creator,
            room: RoomID("!\(UInt64.random(in: 0 ... .max)):\(creator.server)"),
            originServerTS: Timestamp(milliseconds: 1_000))
        let rows = try await database.query("SELECT seq FROM head WHERE shard = $1", shard.number)
        let head = ShardSequence(try rows.first?.int64("seq") ?? 0)
        let stored = StoredRoom(database, builder, create, version: version, shard: shard, head: head)
        try await database.query(
            RoomRow.insert(
                [RoomRow(room: create.room, version: version.name, createdAt: create.originServerTS)], in: shard))
        try await stored.store(create)
        try await stored.setMembership("join", of: creator)
        return stored
    }

    /// Appends an event.
    @discardableResult
    public func send(
        _ type: String, stateKey: String? = nil, by sender: UserID, _ content: JSONObject = ["body": "text"],
        redacts: EventID? = nil, transaction: (device: DeviceID, id: String)? = nil, isRejected: Bool = false
    ) async throws -> Stored {
        let event = try builder.build(
            room: room, type: type, stateKey: stateKey, sender: sender, content: content, redacts: redacts,
            prev: last.map { [$0] } ?? [], auth: [],
            originServerTS: Timestamp(milliseconds: 1_000 + head.value))
        return try await store(event, transaction: transaction, isRejected: isRejected)
    }

    /// Appends a member event.
    @discardableResult
    public func setMembership(
        _ membership: String, of user: UserID, by sender: UserID? = nil, _ more: JSONObject = [:]
    ) async throws -> Stored {
        var content = more
        content["membership"] = .string(membership)
        return try await send("m.room.member", stateKey: user.rawValue, by: sender ?? user, content)
    }

    /// Changes who may read.
    @discardableResult
    public func setVisibility(_ visibility: String, by sender: UserID) async throws -> Stored {
        try await send(
            "m.room.history_visibility", stateKey: "", by: sender, ["history_visibility": .string(visibility)])
    }

    /// Redacts an event.
    @discardableResult
    public func redact(_ target: EventID, by sender: UserID, reason: String) async throws -> Stored {
        let content: JSONObject = ["reason": .string(reason)]
        guard version.rules.eventFormat.redactsIsInContent else {
            return try await send("m.room.redaction", by: sender, content, redacts: target)
        }
        return try await send(
            "m.room.redaction", by: sender, ["reason": .string(reason), "redacts": .string(target.rawValue)])
    }

    /// Appends `count` short messages, in few statements.
    public func fill(_ count: Int, by sender: UserID) async throws {
        for start in stride(from: 0, to: count, by: 500) {
            var rows: [EventRow] = []
            for _ in start..<min(start + 500, count) {
                head = head.advanced(by: 1)
                let event = try builder.build(
                    room: room, type: "m.room.message", stateKey: nil, sender: sender, content: [:],
                    prev: last.map { [$0] } ?? [], auth: [],
                    originServerTS: Timestamp(milliseconds: 1_000 + head.value))
                rows.append(
                    EventRow(
                        event: event, json: try event.json.canonicalBytes(), position: head, stateBefore: root,
                        stateAfter: root))
                last = event
            }
            try await database.query(EventRow.insert(rows, in: shard))
        }
        try await moveHead()
    }

    /// Forgets the room for a user who left it.
    public func forget(_ user: UserID) async throws {
        head = head.advanced(by: 1)
        try await database.query(
            ForgottenRoomRow.upsert([ForgottenRoomRow(user: user, room: room, position: head)]))
        try await moveHead()
    }

    @discardableResult
    private func store(
        _ event: Event, transaction: (device: DeviceID, id: String)? = nil, isRejected: Bool = false
    ) async throws -> Stored {
        head = head.advanced(by: 1)
        let position = head
        let before = root
        if let key = event.stateMapKey, !isRejected { try await change(key, to: event, at: position) }
        if event.redacts != nil, let target = event.redacts {
            try await database.query(RedactionRow.apply([RedactionRow(target: target, redaction: event.id)]))
        }
        let row = EventRow(
            event: event, json: try event.json.canonicalBytes(), position: position, stateBefore: before,
            stateAfter: root, isRejected: isRejected, transaction: transaction)
        try await database.query(EventRow.insert([row], in: shard))
        if !isRejected {
            last = event
            try await note(event, at: position)
        }
        try await moveHead()
        return Stored(event: event, position: position)
    }

    private func note(_ event: Event, at position: ShardSequence) async throws {
        if let relation = EventRelationRow(event: event, position: position) {
            for statement in EventRelationRow.insert([relation], in: [shard]) { try await database.query(statement) }
        }
        if let countable = CountableEventRow(event: event, position: position) {
            try await database.query(CountableEventRow.insert([countable], in: [shard]))
        }
        if let searchable = EventSearchRow(event: event, position: position) {
            try await database.query(EventSearchRow.insert([searchable], in: [shard]))
        }
        guard let target = event.redacts else { return }
        for statement in [
            EventRelationRow.remove([target]), CountableEventRow.redact([target]), EventSearchRow.remove([target]),
        ] { try await database.query(statement) }
    }

    private func change(_ key: StateMapKey, to event: Event, at position: ShardSequence) async throws {
        let change = StateChange(key: key, old: tree[key], new: event.id)
        tree[key] = event.id
        let id = StateRootID(shard: shard, number: position.value)
        let isSnapshot = root == nil || chain + 1 == StateRootStore.chainMax / 2
        chain = isSnapshot ? 0 : chain + 1
        let entries = isSnapshot ? StateRootEncoding.encode(tree) : StateRootEncoding.encode([(key, event.id)])
        let stored = StateRootRow(
            root: id, room: room, parent: isSnapshot ? nil : root, chain: chain, entries: entries)
        try await database.query(StateRootRow.insert([stored]))
        root = id
        let row = StateChangeRow(room: room, position: position, change: change, root: id)
        try await database.query(StateChangeRow.insert([row], in: shard))
        for statement in StateChangeRow.apply([row], in: shard) { try await database.query(statement) }
        if let user = event.memberTarget { try await changeMembership(of: user, to: event, at: position) }
    }

    private func changeMembership(of user: UserID, to event: Event, at position: ShardSequence) async throws {
        let isLocal = user.server == builder.server
        let row = MembershipRow(room: room, user: user, event: event, isLocal: isLocal, position: position)
        for statement in MembershipRow.apply([row], in: shard) { try await database.query(statement) }
        let membership = event.membership ?? "leave"
        guard isLocal, memberships.updateValue(membership, forKey: user) != membership else { return }
        // The user's own entry in the log takes the next position.
        head = head.advanced(by: 1)
        let history = MembershipHistoryRow(
            user: user, room: room, position: position, membership: membership, event: event.id, sender: event.sender)
        try await database.query(MembershipHistoryRow.insert([history], in: shard))
    }

    private func moveHead() async throws {
        try await database.query("UPDATE head SET seq = $2 WHERE shard = $1", shard.number, head.value)
    }
}
