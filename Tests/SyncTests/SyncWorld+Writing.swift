import CanonicalJSON
import Events
import Identifiers
import MatrixHTTP
import Postgres
import RoomRules
import Storage
import TestSupport
import Testing
import WorkerContracts
import WriterTestSupport

extension SyncWorld: WriterCommanding {
    func execute(
        _ command: WriterCommand, id: CommandID, in shard: ShardID
    ) async throws(WriterUnavailable) -> WriterReply {
        let reply = try await writer.execute(command, id: id, in: shard)
        if mode == .hinted, let worker = try? worker {
            worker.parts.apply(.message(.shardMoved(shard), writer: writer.worker.text))
        }
        return reply
    }

    /// Executes a command of a room or user placed by its ID.
    @discardableResult
    func execute(
        _ command: WriterCommand, of key: some Identifier, fileID: String = #fileID, line: Int = #line
    ) async throws -> [EventID] {
        let shard = ShardID.placement(of: key, count: TestDatabase.shardCount)
        return try await execute(command, id: .random(), in: shard).events(fileID: fileID, line: line)
    }

    // MARK: People

    /// Makes an account with one device.
    func person(_ name: String) async throws -> Person {
        let id = try #require(UserID("@\(name):\(Self.server)"))
        try await database.query(
            "INSERT INTO account (user_id, shard, created_at_ms) VALUES ($1, $2, 0)", id.rawValue,
            ShardID.placement(of: id, count: TestDatabase.shardCount).number)
        return try await device("DEVICE", of: id)
    }

    /// Logs a device of a user in.
    func device(_ name: String, of user: UserID) async throws -> Person {
        let device = try #require(DeviceID(name))
        let token = AccessToken.make(for: user)
        try await database.query(
            "INSERT INTO device (user_id, device_id, created_at_ms) VALUES ($1, $2, 0)", user.rawValue, device.rawValue)
        try await database.query(
            "INSERT INTO access_token (token_hash, user_id, device_id, created_at_ms) VALUES ($1, $2, $3, 0)",
            token.hash, user.rawValue, device.rawValue)
        return Person(id: user, device: device, token: token)
    }

    func setAccountData(
        _ type: String, _ content: JSONObject?, of person: Person, in room: RoomID? = nil
    ) async throws {
        try await execute(
            .setAccountData(.init(user: person.id, room: room, type: type, content: content)), of: person.id)
    }

    func sendToDevice(_ texts: [String], to person: Person) async throws {
        try await execute(
            .sendToDevice(
                .init(
                    user: person.id,
                    messages: texts.map {
                        (
                            person.device,
                            ["type": "m.test", "sender": "@x:y", "content": ["text": .string($0)]] as JSONObject
                        )
                    })), of: person.id)
    }

    // MARK: Rooms

    static let roomVersion = RoomVersion("10") ?? .default

    /// Makes a room in which `creator` and `members` are.
    @discardableResult
    func room(
        by creator: Person, members: [Person] = [], rule: String = "public", visibility: String? = nil,
        extra: [EventDraft] = []
    ) async throws -> RoomID {
        let room = try #require(RoomID("!\(UInt64.random(in: 0 ... .max)):\(Self.server)"))
        var drafts = [
            Self.state(
                "m.room.create", ["room_version": "10", "creator": .string(creator.id.rawValue)], by: creator),
            Self.member(creator, "join"),
            Self.state(
                "m.room.power_levels", ["users": [creator.id.rawValue: 100] as JSONValue], by: creator),
            Self.state("m.room.join_rules", ["join_rule": .string(rule)], by: creator),
        ]
        if let visibility {
            drafts.append(
                Self.state("m.room.history_visibility", ["history_visibility": .string(visibility)], by: creator))
        }
        drafts += extra
        try await execute(
            .createRoom(.init(room: room, version: "10", createEvent: nil, events: drafts)), of: room)
        for member in members { try await append(Self.member(member, "join"), to: room) }
        return room
    }

    static func state(_ type: String, key: String = "", _ content: JSONObject, by sender: Person) -> EventDraft {
        EventDraft(type: type, stateKey: key, sender: sender.id, content: content)
    }

    static func member(_ person: Person, _ membership: String, by sender: Person? = nil) -> EventDraft {
        EventDraft(
            type: "m.room.member", stateKey: person.id.rawValue, sender: (sender ?? person).id,
            content: ["membership": .string(membership)])
    }

    @discardableResult
    func append(_ draft: EventDraft, to room: RoomID) async throws -> EventID {
        try #require(try await execute(.sendEvents(.init(room: room, events: [draft])), of: room).first)
    }

    /// Sends messages.
    @discardableResult
    func say(_ texts: String..., by person: Person, in room: RoomID) async throws -> [EventID] {
        try await execute(
            .sendEvents(
                .init(
                    room: room,
                    events: texts.map {
                        EventDraft(
                            type: "m.room.message", stateKey: nil, sender: person.id,
                            content: ["msgtype": "m.text", "body": .string($0)])
                    })), of: room)
    }

    func setMembership(_ membership: String, of person: Person, by sender: Person? = nil, in room: RoomID) async throws
    {
        try await append(Self.member(person, membership, by: sender), to: room)
    }

    func redact(_ event: EventID, by person: Person, in room: RoomID) async throws {
        try await append(
            EventDraft(type: "m.room.redaction", stateKey: nil, sender: person.id, content: [:], redacts: event),
            to: room)
    }

    func setReceipt(
        _ event: EventID, by person: Person, in room: RoomID, type: String = "m.read", thread: String? = nil
    )
        async throws
    {
        try await execute(
            .setReceipt(
                .init(
                    room: room, user: person.id, type: type, event: event, thread: thread,
                    readAt: Timestamp(milliseconds: 5))), of: room)
    }
}
