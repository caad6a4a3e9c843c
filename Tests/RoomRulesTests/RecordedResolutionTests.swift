import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// State resolution of recorded forks, against what another implementation makes of them.
@Suite struct RecordedResolutionTests {
    private typealias StateMap = [StateMapKey: EventID]

    /// Forks by the name of their expected result: each file is a batch of events.
    static let forks: [(name: String, files: [String])] = [
        ("minimal_private_chat", ["bootstrap-private-chat"]),
        ("minimal_public_chat", ["bootstrap-public-chat"]),
        ("origin_server_ts_tiebreak", ["bootstrap-private-chat", "origin-server-ts-tiebreak"]),
        ("ban_vs_power_levels", ["bootstrap-public-chat", "ban-vs-power-levels-alice", "ban-vs-power-levels-bob"]),
        (
            "topic_vs_power_levels",
            ["bootstrap-public-chat", "topic-vs-power-levels-alice", "topic-vs-power-levels-bob"]
        ),
        (
            "power_levels_admin_vs_mod",
            ["bootstrap-public-chat", "power-levels-admin-vs-mod-alice", "power-levels-admin-vs-mod-bob"]
        ),
        (
            "topic_vs_ban",
            ["bootstrap-public-chat", "topic-vs-ban-common", "topic-vs-ban-alice", "topic-vs-ban-bob"]
        ),
        (
            "join_rules_vs_join",
            [
                "bootstrap-public-chat", "join-rules-vs-join-common", "join-rules-vs-join-alice",
                "join-rules-vs-join-ella",
            ]
        ),
        ("concurrent_joins", ["bootstrap-public-chat", "concurrent-joins-charlie", "concurrent-joins-ella"]),
    ]

    static let resets: [(name: String, folder: String, version: Int)] = [
        ("msc4297_problem_a_state_res_v2_0", "MSC4297-problem-A", 11),
        ("msc4297_problem_a_state_res_v2_1", "MSC4297-problem-A", 12),
        ("msc4297_problem_b_state_res_v2_0", "MSC4297-problem-B", 11),
        ("msc4297_problem_b_state_res_v2_1", "MSC4297-problem-B", 12),
    ]

    private struct Recording {
        let rules: RoomVersionRules
        var events: [EventID: Event] = [:]
        var batches: [[Event]] = []

        init(files: [String]) throws {
            let lists = try files.map { try Fixtures.list("state-resolution/\($0).json") }
            let name = try #require(lists.first?.first?["content"]?["room_version"]?.stringValue)
            rules = try #require(RoomVersion(name)).rules
            for list in lists {
                batches.append(try list.map { [rules] in try Self.event($0, rules) })
            }
            for event in batches.joined() { events[event.id] = event }
        }

        private static func event(_ value: JSONValue, _ rules: RoomVersionRules) throws -> Event {
            var json = try #require(value.objectValue)
            json["depth"] = 1
            let id = try #require(json["event_id"]?.stringValue.flatMap { EventID($0) })
            return try Event(json: json, id: id, format: rules.eventFormat)
        }

        func resolve(_ sets: [StateMap]) throws -> StateMap {
            try resolveState(sets: sets, event: { events[$0] }, rules: rules)
        }

        /// Resolves the events' own little states, and a state that stood before.
        func resolve(batch: some Sequence<Event>, before: StateMap? = nil) throws -> StateMap {
            let sets = try batch.map { event in [try #require(event.stateMapKey): event.id] }
            return try resolve((before.map { [$0] } ?? []) + sets)
        }

        /// The state at each event from those before it, then of the events nothing comes after.
        func resolveEventByEvent() throws -> StateMap {
            var states: [EventID: StateMap] = [:]
            var pending = Array(batches.joined())
            while !pending.isEmpty {
                let ready = pending.filter { $0.prevEvents.allSatisfy { states[$0] != nil } }
                try #require(!ready.isEmpty, "a predecessor is missing")
                pending.removeAll { ready.contains($0) }
                for event in ready {
                    var state = try resolve(event.prevEvents.compactMap { states[$0] })
                    let verdict = authorize(event, state: { state[$0].flatMap { events[$0] } }, rules: rules)
                    if verdict.isAllowed { state[try #require(event.stateMapKey)] = event.id }
                    states[event.id] = state
                }
            }
            let named = Set(events.values.flatMap(\.prevEvents))
            return try resolve(events.keys.filter { !named.contains($0) }.compactMap { states[$0] })
        }
    }

    private func expected(_ name: String) throws -> [String] {
        let list = try Fixtures.json("state-resolution/expected.json")[name]?.arrayValue
        return try #require(list).compactMap(\.stringValue).sorted()
    }

    private func ids(_ state: StateMap) -> [String] { state.values.map(\.rawValue).sorted() }

    @Test(arguments: forks)
    func eventByEventBatchAndAllAtOnceAgree(name: String, files: [String]) throws {
        let recording = try Recording(files: files)
        let expected = try expected(name)
        #expect(ids(try recording.resolveEventByEvent()) == expected)
        #expect(ids(try recording.resolve(batch: recording.batches.joined())) == expected)
        var state: StateMap?
        for batch in recording.batches { state = try recording.resolve(batch: batch, before: state) }
        #expect(ids(try #require(state)) == expected)
        let backwards = try recording.resolve(batch: recording.batches.joined().reversed())
        #expect(ids(backwards) == expected)
    }

    @Test(arguments: resets)
    func version2Point1DoesNotResetState(name: String, folder: String, version: Int) throws {
        let recording = try Recording(files: ["\(folder)/pdus-v\(version)"])
        let states = folder.hasSuffix("A") ? ["bob", "charlie"] : ["eve", "zara"]
        let sets = try states.map { user -> StateMap in
            let ids = try Fixtures.list("state-resolution/\(folder)/state-\(user).json").compactMap(\.stringValue)
            let events = try ids.map { try #require(EventID($0).flatMap { recording.events[$0] }) }
            return Dictionary(uniqueKeysWithValues: try events.map { (try #require($0.stateMapKey), $0.id) })
        }
        #expect(ids(try recording.resolve(sets)) == (try expected(name)))
        #expect(ids(try recording.resolve(sets.reversed())) == (try expected(name)))
    }
}
