import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// Resolution over graphs that a hostile server can make: deep, wide, circular.
@Suite struct ResolutionCostTests {
    /// Makes events of one sender fast: only what a resolution reads differs.
    private struct Mill {
        let version: RoomVersion
        /// Events of the oldest versions are written as in version 3: rules read the same from them.
        private let format: EventFormat
        private(set) var events: [EventID: Event] = [:]
        private var time: Int64 = 0

        init(_ number: Int) throws {
            version = try #require(RoomVersion("\(number)"))
            format = version.rules.eventFormat == .v1 ? .v3 : version.rules.eventFormat
            let alice = ResolutionRoom.alice
            try add("create", "m.room.create", "", auth: [], ["creator": .string(alice)])
            try add("alice", "m.room.member", alice, auth: ["create"], ["membership": "join"])
        }

        mutating func add(
            _ name: String, _ type: String, _ key: String, auth: [String], _ content: JSONObject = [:]
        ) throws {
            time += 1
            let named = format.roomIDIsCreateEvent ? auth.filter { $0 != "create" } : auth
            let json: JSONObject = [
                "type": .string(type), "state_key": .string(key), "sender": .string(ResolutionRoom.alice),
                "content": .object(content), "depth": .int(time), "origin_server_ts": .int(time),
                "prev_events": type == "m.room.create" ? [] : ["$prev"], "room_id": "!create",
                "auth_events": .array(named.map { .string("$\($0)") }),
            ]
            let id = try ResolutionRoom.id(name)
            events[id] = try Event(json: json, id: id, format: format)
        }

        func state(_ names: [String]) throws -> StateTree {
            StateTree(
                try names.map { name in
                    let id = try ResolutionRoom.id(name)
                    return (key: try #require(events[id]?.stateMapKey), event: id)
                })
        }
    }

    private static let levels: JSONObject = ["users": [ResolutionRoom.alice: 100]]

    private func levels(_ version: Int) -> JSONObject { version == 12 ? [:] : Self.levels }

    @Test(arguments: [2, 12])
    func aDeepAuthChainIsWalkedWithoutTheStack(version: Int) throws {
        let depth = 100_000
        var mill = try Mill(version)
        var last = "alice"
        for number in 0..<depth {
            let name = "p\(number)"
            try mill.add(
                name, "m.room.power_levels", "", auth: ["create", "alice", last].uniqued, levels(version))
            last = name
        }
        for name in ["left", "right"] {
            try mill.add(name, "m.room.power_levels", "", auth: ["create", "alice", last], levels(version))
            try mill.add("topic-\(name)", "m.room.topic", "", auth: ["create", "alice", name])
        }
        let trees = try ["left", "right"].map { try mill.state(["create", "alice", $0, "topic-\($0)"]) }
        var steps = 0
        let state = try resolveState(
            trees: trees, event: { mill.events[$0] }, rules: mill.version.rules,
            shouldStop: {
                steps += 1
                return false
            })
        #expect(state[.powerLevels] == (try ResolutionRoom.id("right")))
        #expect(state[StateMapKey(type: "m.room.topic", stateKey: "")] == (try ResolutionRoom.id("topic-right")))
        #expect(steps < 2 * depth, "\(steps) steps")
    }

    @Test(arguments: [2, 12])
    func aLongForkIsJudgedInStepsAsManyAsItsEvents(version: Int) throws {
        let length = 3_000
        var mill = try Mill(version)
        var tips = ["alice", "alice"]
        for number in 0..<length {
            for side in 0..<2 {
                let name = "p\(number)-\(side)"
                let auth = ["create", "alice", tips[side]].uniqued
                try mill.add(name, "m.room.power_levels", "", auth: auth, levels(version))
                tips[side] = name
            }
        }
        let trees = try tips.map { try mill.state(["create", "alice", $0]) }
        var steps = 0
        let state = try resolveState(
            trees: trees, event: { mill.events[$0] }, rules: mill.version.rules,
            shouldStop: {
                steps += 1
                return false
            })
        #expect(state[.powerLevels] == (try ResolutionRoom.id("p\(length - 1)-1")))
        #expect(steps < 10 * length, "\(steps) steps")
    }

    @Test(arguments: [1, 2, 12])
    func fiveThousandForwardExtremitiesEnd(version: Int) throws {
        let count = 5_000
        var mill = try Mill(version)
        try mill.add("levels", "m.room.power_levels", "", auth: ["create", "alice"], levels(version))
        for number in 0..<200 { try mill.add("s\(number)", "x", "\(number)", auth: ["create", "alice", "levels"]) }
        let common = try mill.state(["create", "alice", "levels"] + (0..<200).map { "s\($0)" })
        var trees: [StateTree] = []
        for number in 0..<count {
            try mill.add("t\(number)", "m.room.topic", "", auth: ["create", "alice", "levels"])
            var tree = common
            tree[StateMapKey(type: "m.room.topic", stateKey: "")] = try ResolutionRoom.id("t\(number)")
            trees.append(tree)
        }
        var steps = 0
        let state = try resolveState(
            trees: trees, event: { mill.events[$0] }, rules: mill.version.rules,
            shouldStop: {
                steps += 1
                return false
            })
        #expect(state.count == 204)
        #expect(state[StateMapKey(type: "m.room.topic", stateKey: "")] == (try ResolutionRoom.id("t\(count - 1)")))
        #expect(steps < 5 * count, "\(steps) steps")

        var left = 1_000
        #expect(throws: StateResolutionError.stopped) {
            try resolveState(
                trees: trees, event: { mill.events[$0] }, rules: mill.version.rules,
                shouldStop: {
                    left -= 1
                    return left < 0
                })
        }
    }

    @Test(arguments: [1, 2])
    func forgedCirclesEnd(version: Int) throws {
        // In versions 1 and 2 the sender chooses event IDs, so that auth events can name each other.
        var mill = try Mill(version)
        try mill.add("a", "m.room.power_levels", "", auth: ["create", "alice", "b"], Self.levels)
        try mill.add("b", "m.room.power_levels", "", auth: ["create", "alice", "a"], Self.levels)
        try mill.add("topic-a", "m.room.topic", "", auth: ["create", "alice", "a"])
        try mill.add("topic-b", "m.room.topic", "", auth: ["create", "alice", "b"])
        let trees = try ["a", "b"].map { try mill.state(["create", "alice", $0, "topic-\($0)"]) }
        let rules = mill.version.rules
        let forward = try resolveState(trees: trees, event: { mill.events[$0] }, rules: rules)
        let backward = try resolveState(trees: trees.reversed(), event: { mill.events[$0] }, rules: rules)
        #expect(forward == backward)
    }
}

extension [String] {
    /// Without repeated elements, in order.
    fileprivate var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
