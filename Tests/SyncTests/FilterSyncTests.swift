import CanonicalJSON
import Identifiers
import Testing
import WorkerContracts

/// What filters let through.
@Suite(.timeLimit(.minutes(15)))
struct FilterSyncTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let filter: JSONObject
        /// The timeline that is left of the room's.
        var timeline: [String] = ["m.room.topic", "text", "picture", "m.custom"]
        var isLimited = false
        var testDescription: String { name }
    }

    private static func room(_ part: String, _ filter: JSONObject) -> JSONObject { ["room": [part: .object(filter)]] }

    static let cases = [
        Case(name: "none", filter: [:]),
        Case(name: "types", filter: room("timeline", ["types": ["m.room.message"]]), timeline: ["text", "picture"]),
        Case(name: "wildcard", filter: room("timeline", ["types": ["m.*m"]]), timeline: ["m.custom"]),
        Case(name: "no types", filter: room("timeline", ["types": []]), timeline: []),
        Case(
            name: "not types", filter: room("timeline", ["types": ["*"], "not_types": ["m.room.*"]]),
            timeline: ["m.custom"]),
        Case(name: "senders", filter: room("timeline", ["senders": ["@bob:test.example"]]), timeline: ["text"]),
        Case(
            name: "not senders", filter: room("timeline", ["not_senders": ["@alice:test.example"]]), timeline: ["text"]),
        Case(name: "url", filter: room("timeline", ["contains_url": true]), timeline: ["picture"]),
        Case(
            name: "no url", filter: room("timeline", ["contains_url": false]),
            timeline: ["m.room.topic", "text", "m.custom"]),
        Case(
            name: "limit", filter: room("timeline", ["limit": 2]), timeline: ["picture", "m.custom"], isLimited: true),
        Case(
            name: "limit of nothing", filter: room("timeline", ["limit": 0]), timeline: [],
            isLimited: true),
        Case(
            name: "state types",
            filter: ["room": ["timeline": ["limit": 1], "state": ["types": ["m.room.name"]]]], timeline: ["m.custom"],
            isLimited: true),
    ]

    @Test(arguments: cases, [LogMode.hinted, .logEmptied]) func filterLetsThroughWhatItSays(
        _ test: Case, mode: LogMode
    ) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let since = try await world.sync(alice).next
            try await world.append(SyncWorld.state("m.room.topic", ["topic": "t"], by: alice), to: room)
            try await world.say("text", by: bob, in: room)
            try await world.append(
                .init(
                    type: "m.room.message", stateKey: nil, sender: alice.id,
                    content: ["body": "picture", "url": "mxc://a/b"]), to: room)
            try await world.append(.init(type: "m.custom", stateKey: nil, sender: alice.id, content: [:]), to: room)
            let section = try await world.sync(alice, since: since, filter: test.filter).joined(room)
            #expect(section?.timeline ?? [] == test.timeline)
            #expect(section?.isLimited ?? false == test.isLimited)
            // The topic has to come one way or the other, unless it is filtered out of both.
            let isInTimeline = test.timeline.contains("m.room.topic")
            let isWantedAsState = test.name != "state types"
            #expect(
                section?.stateKeys().contains("m.room.topic ") ?? false == (!isInTimeline && isWantedAsState))
        }
    }

    @Test func roomsAndPartsAreFiltered() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let (one, two) = (try await world.room(by: alice), try await world.room(by: alice))
            try await world.setAccountData("m.a", [:], of: alice)
            try await world.setAccountData("m.b", [:], of: alice)
            try await world.setAccountData("m.c", [:], of: alice, in: one)
            let not = try await world.sync(alice, filter: ["room": ["not_rooms": [.string(one.rawValue)]]])
            #expect(not.rooms("join") == [two.rawValue])
            let only = try await world.sync(
                alice,
                filter: [
                    "account_data": ["types": ["m.b"]],
                    "room": [
                        "rooms": [.string(one.rawValue)], "account_data": ["not_types": ["m.c"]],
                        "state": ["types": []], "timeline": ["not_rooms": [.string(one.rawValue)]],
                    ],
                ])
            #expect(only.rooms("join") == [one.rawValue])
            #expect(only.allAccountData.map { $0["type"] } == ["m.b"])
            #expect(only.joined(one)?.events("account_data") == [])
            #expect(only.joined(one)?.timeline == [])
            #expect(only.joined(one)?.stateKeys() == [])
        }
    }

    @Test func uploadedFilterIsFoundByItsNumber() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            try await world.database.query(
                "INSERT INTO filter (user_id, filter_id, json) VALUES ($1, 7, $2)", alice.id.rawValue,
                Array(#"{"room":{"timeline":{"limit":1}}}"#.utf8))
            for _ in 0..<2 {
                #expect(try await world.sync(alice, "filter=7").joined(room)?.timeline == ["m.room.member"])
            }
            #expect(try await world.ask(bob, "filter=7").errcode == "M_INVALID_PARAM")
        }
    }

    @Test func rarelyWantedEventsAreFoundWithinBounds() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            try await world.append(.init(type: "m.rare", stateKey: nil, sender: alice.id, content: [:]), to: room)
            for part in 0..<6 {
                try await world.execute(
                    .sendEvents(
                        .init(
                            room: room,
                            events: (0..<50).map {
                                .init(
                                    type: "m.common", stateKey: nil, sender: alice.id,
                                    content: ["n": .int(Int64(part * 50 + $0))])
                            })), of: room)
            }
            let filter: JSONObject = ["room": ["timeline": ["types": ["m.rare"]]]]
            let section = try #require(try await world.sync(alice, filter: filter).joined(room))
            #expect(section.timeline == ["m.rare"])
        }
    }

    /// In what is new as in the newest of everything.
    @Test func eventsAreWantedForWhatRelatesToThem() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let since = try await world.sync(alice).next
            let said = try await world.say("root", "other", by: alice, in: room)
            let reply: JSONObject = [
                "body": "reply", "m.relates_to": ["rel_type": "m.thread", "event_id": .string(said[0].rawValue)],
            ]
            try await world.append(
                .init(type: "m.room.message", stateKey: nil, sender: bob.id, content: reply), to: room)
            for from in [since, nil] {
                for (sender, expected) in [(alice, []), (bob, ["root"])] {
                    let filter: JSONObject = [
                        "room": [
                            "timeline": [
                                "related_by_rel_types": ["m.thread"],
                                "related_by_senders": [.string(sender.id.rawValue)],
                            ]
                        ]
                    ]
                    let section = try await world.sync(alice, since: from, filter: filter).joined(room)
                    #expect(section?.timeline ?? [] == expected)
                }
            }
        }
    }
}
