import CanonicalJSON
import Events
import Identifiers
import Testing

@Suite struct EventTests {
    static let id = "$abc"

    static func json(_ changes: (inout JSONObject) -> Void = { _ in }) -> JSONObject {
        var json: JSONObject = [
            "type": "m.room.member", "state_key": "@a:x", "sender": "@a:x", "room_id": "!r:x",
            "content": ["membership": "join"], "depth": 7, "origin_server_ts": 1_000, "prev_events": ["$p1", "$p2"],
            "auth_events": ["$c"], "hashes": ["sha256": "h"], "signatures": [:],
        ]
        changes(&json)
        return json
    }

    static func event(format: EventFormat = .v11, _ changes: (inout JSONObject) -> Void = { _ in }) throws -> Event {
        try Event(json: json(changes), id: try #require(EventID(id)), format: format)
    }

    @Test func fieldsAreRead() throws {
        let event = try Self.event()
        #expect(event.type == "m.room.member")
        #expect(event.stateKey == "@a:x")
        #expect(event.isState)
        #expect(event.membership == "join")
        #expect(event.memberTarget == UserID("@a:x"))
        #expect(event.depth == 7)
        #expect(event.originServerTS.milliseconds == 1_000)
        #expect(event.prevEvents.map(\.rawValue) == ["$p1", "$p2"])
        #expect(event.authEvents.map(\.rawValue) == ["$c"])
        #expect(event.room == RoomID("!r:x"))
        #expect(event.stateMapKey == StateMapKey(type: "m.room.member", stateKey: "@a:x"))
    }

    @Test(arguments: [
        "type", "sender", "room_id", "content", "depth", "origin_server_ts", "prev_events", "auth_events",
    ])
    func missingAndWrongFieldsAreRefused(field: String) throws {
        #expect(throws: EventError.invalidField(field)) { try Self.event { $0[field] = nil } }
        #expect(throws: EventError.invalidField(field)) { try Self.event { $0[field] = true } }
        #expect(throws: EventError.invalidField(field)) { try Self.event { $0[field] = [1] } }
    }

    @Test func stateKeyMayBeMissingButNotWrong() throws {
        #expect(try Self.event { $0["state_key"] = nil }.isState == false)
        #expect(throws: EventError.invalidField("state_key")) { try Self.event { $0["state_key"] = nil as JSONValue } }
        #expect(throws: EventError.invalidField("state_key")) { try Self.event { $0["state_key"] = 1 } }
    }

    @Test func version1ReferencesCarryHashes() throws {
        let event = try Self.event(format: .v1) {
            $0["prev_events"] = [["$p:x", ["sha256": "h"]]]
            $0["auth_events"] = []
        }
        #expect(event.prevEvents.map(\.rawValue) == ["$p:x"])
        #expect(throws: EventError.invalidField("prev_events")) { try Self.event(format: .v1) }
    }

    @Test func redactionTargetsAreFoundWhereTheFormatHasThem() throws {
        func redaction(_ format: EventFormat, top: JSONValue?, content: JSONObject) throws -> EventID? {
            try Self.event(format: format) {
                $0["type"] = "m.room.redaction"
                $0["redacts"] = top
                $0["content"] = .object(content)
            }.redacts
        }
        #expect(try redaction(.v4, top: "$t", content: ["redacts": "$other"]) == EventID("$t"))
        #expect(try redaction(.v11, top: "$other", content: ["redacts": "$t"]) == EventID("$t"))
        #expect(try redaction(.v12, top: "$other", content: [:]) == nil)
        #expect(try redaction(.v4, top: 1, content: [:]) == nil)
        #expect(try Self.event(format: .v4) { $0["redacts"] = "$t" }.redacts == nil)
    }

    @Test func aVersion12RoomIsItsCreateEvent() throws {
        let create = try Self.event(format: .v12) {
            $0["type"] = "m.room.create"
            $0["state_key"] = ""
            $0["room_id"] = nil
        }
        #expect(create.room == RoomID("!abc"))
        #expect(create.room.createEvent == create.id)
        #expect(throws: EventError.invalidField("room_id")) { try Self.event(format: .v12) { $0["room_id"] = nil } }
    }

    @Test func assembledEventsReadBack() throws {
        for format in [EventFormat.v1, .v3, .v4, .v11, .v12] {
            let parts = EventParts(
                room: RoomID("!r:x"), type: "m.room.redaction", stateKey: nil,
                sender: try #require(UserID("@a:x")), content: ["reason": "r"], redacts: EventID("$t"),
                originServerTS: Timestamp(milliseconds: 5), depth: 2,
                prevEvents: [.init(id: try #require(EventID("$p")), hash: "h")],
                authEvents: [.init(id: try #require(EventID("$c")))], id: EventID("$e:x"))
            let json = format.assemble(parts)
            let event = try Event(json: json, id: try #require(EventID("$e:x")), format: format)
            #expect(event.redacts == EventID("$t"))
            #expect(event.prevEvents.map(\.rawValue) == ["$p"])
            #expect(event.authEvents.map(\.rawValue) == ["$c"])
            #expect((json["event_id"] != nil) == (format == .v1))
            #expect(event.content["reason"] == "r")
        }
    }
}
