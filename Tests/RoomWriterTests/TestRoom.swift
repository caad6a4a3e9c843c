import CanonicalJSON
import Events
import Identifiers
import RoomRules
import TestSupport
import Testing
import WorkerContracts
import WriterTestSupport

/// A room as client workers make it, and drafts for it.
struct TestRoom: Sendable {
    static let server = InProcessWriter.server

    let room: RoomID
    let version: RoomVersion
    let creator: UserID
    let command: WriterCommand.CreateRoom

    var shard: ShardID { ShardID.placement(of: room, count: TestDatabase.shardCount) }

    /// - Parameter rule: the join rule.
    init(
        version name: String = "12", creator: String = "alice", rule: String = "public",
        levels: JSONObject = JSONObject(), number: Int = Int.random(in: 0 ... .max)
    ) throws {
        version = try #require(RoomVersion(name))
        self.creator = try user(creator)
        var first: [EventDraft] = []
        if !version.rules.eventFormat.roomIDIsCreateEvent {
            var content: JSONObject = ["room_version": .string(name)]
            if version.rules.createContentHasCreator { content["creator"] = .string(self.creator.rawValue) }
            first.append(Self.state("m.room.create", "", content, by: self.creator))
        }
        var users = JSONObject()
        if !version.rules.creatorsAreInfinitelyPowerful { users[self.creator.rawValue] = 100 }
        var power: JSONObject = ["users": .object(users)]
        for member in levels.members { power[member.key] = member.value }
        first.append(Self.member(self.creator, "join"))
        first.append(Self.state("m.room.power_levels", "", power, by: self.creator))
        first.append(Self.state("m.room.join_rules", "", ["join_rule": .string(rule)], by: self.creator))
        if version.rules.eventFormat.roomIDIsCreateEvent {
            let builder = EventBuilder(rules: version.rules, server: Self.server, key: try InProcessWriter.key())
            let create = try builder.buildCreate(
                version: version, content: ["test.number": .int(Int64(number % 1_000_000_000))], sender: self.creator,
                room: nil,
                originServerTS: Timestamp(milliseconds: 1_700_000_000_000))
            room = create.room
            command = WriterCommand.CreateRoom(
                room: room, version: name, createEvent: create.json, events: first)
        } else {
            room = try #require(RoomID("!room\(number):\(Self.server)"))
            command = WriterCommand.CreateRoom(room: room, version: name, createEvent: nil, events: first)
        }
    }

    static func state(_ type: String, _ key: String, _ content: JSONObject, by sender: UserID) -> EventDraft {
        EventDraft(type: type, stateKey: key, sender: sender, content: content)
    }

    static func member(_ user: UserID, _ membership: String, by sender: UserID? = nil) -> EventDraft {
        state("m.room.member", user.rawValue, ["membership": .string(membership)], by: sender ?? user)
    }

    static func message(_ text: String, by sender: UserID) -> EventDraft {
        EventDraft(
            type: "m.room.message", stateKey: nil, sender: sender,
            content: ["msgtype": "m.text", "body": .string(text)])
    }
}

func user(_ localpart: String) throws -> UserID {
    try #require(UserID(localpart: localpart, server: TestRoom.server))
}

extension TestWriters {
    /// Creates a room and lets `members` join it.
    @discardableResult
    func create(_ room: TestRoom, members: [UserID] = []) async throws -> [EventID] {
        let reply = try await execute(.createRoom(room.command), id: .random(), in: room.shard)
        var events = try reply.events()
        for member in members { events += try await send([TestRoom.member(member, "join")], to: room).events() }
        return events
    }

    func send(_ drafts: [EventDraft], to room: TestRoom, id: CommandID = .random()) async throws -> WriterReply {
        try await execute(.sendEvents(.init(room: room.room, events: drafts)), id: id, in: room.shard)
    }

    func receive(_ events: [JSONObject], in room: TestRoom, id: CommandID = .random()) async throws -> WriterReply {
        try await execute(.receiveEvents(.init(room: room.room, events: events)), id: id, in: room.shard)
    }
}

extension WriterReply {
    var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}
