import CanonicalJSON
import ClientAPI
import Events
import Identifiers
import RoomRules
import Testing

@Suite struct EventFilterTests {
    private func event(_ content: JSONObject = [:]) throws -> Event {
        try Event(
            json: [
                "type": "m.room.message", "sender": "@a:b", "room_id": "!r:b", "content": .object(content),
                "depth": 1, "origin_server_ts": 1, "prev_events": [], "auth_events": [],
            ], id: try #require(EventID("$e")), format: RoomVersion.default.rules.eventFormat)
    }

    @Test(
        arguments: [
            ("m.room.message", "m.room.message", true), ("m.room.*", "m.room.message", true),
            ("m.room.*", "m.room.", true), ("m.room.*", "m.room", false), ("*", "", true), ("*", "x", true),
            ("", "", true), ("", "x", false), ("*.message", "m.room.message", true), ("m.*.m", "m.a.m.m", true),
            ("m.*.m", "m.a.m.n", false), ("a*b*c", "aXbYbZc", true), ("a*b*c", "acb", false), ("**a**", "a", true),
            ("M.room", "m.room", false), ("a.b", "axb", false), ("m.room.?", "m.room.a", false),
            ("é", "e\u{301}", false), ("*\u{301}", "e\u{301}", true),
        ])
    func aStarStandsForAnyCharactersAndNothingElseDoes(_ pattern: String, _ type: String, _ matches: Bool) {
        let wanted = EventFilter(["types": [.string(pattern)]])
        #expect(wanted.wants(type: type) == matches)
        let unwanted = EventFilter(["not_types": [.string(pattern)]])
        #expect(unwanted.wants(type: type) == !matches)
    }

    @Test func aPatternOfManyStarsTakesNoLongTime() {
        let filter = EventFilter(["types": [.string(String(repeating: "*a", count: 100) + "b")]])
        let took = ContinuousClock().measure { _ = filter.wants(type: String(repeating: "a", count: 255)) }
        #expect(took < .seconds(1))
    }

    @Test(
        arguments: [
            ([:], true), (["types": []], false), (["types": ["m.room.*"]], true),
            (["types": ["m.room.*"], "not_types": ["*.message"]], false), (["not_types": []], true),
            (["senders": []], false), (["senders": ["@a:b"]], true), (["senders": ["@c:b"]], false),
            (["senders": ["@a:b"], "not_senders": ["@a:b"]], false), (["not_senders": ["@c:b"]], true),
            (["contains_url": true], false), (["contains_url": false], true),
        ] as [(JSONObject, Bool)])
    func anEventPassesWhenNothingExcludesIt(_ filter: JSONObject, _ passes: Bool) throws {
        #expect(EventFilter(filter).wants(try event()) == passes)
    }

    @Test func aURLCountsOnlyAsText() throws {
        let filter = EventFilter(["contains_url": true])
        #expect(filter.wants(try event(["url": "mxc://a/b"])))
        #expect(!filter.wants(try event(["url": 7])))
    }

    @Test func anExcludedRoomIsExcludedAlsoWhenListed() throws {
        let room = try #require(RoomID("!r:b"))
        #expect(EventFilter([:]).wants(room: room))
        #expect(!EventFilter(["rooms": []]).wants(room: room))
        #expect(EventFilter(["rooms": ["!r:b"]]).wants(room: room))
        #expect(!EventFilter(["rooms": ["!r:b"], "not_rooms": ["!r:b"]]).wants(room: room))
    }

    @Test func whatIsNotOfItsTypeIsTakenForAbsent() {
        let filter = EventFilter(["limit": "x", "types": "m", "lazy_load_members": 1, "contains_url": "yes"])
        #expect(filter == EventFilter())
    }
}
