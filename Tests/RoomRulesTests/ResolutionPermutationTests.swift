import CanonicalJSON
import Events
import Identifiers
import RoomRules
import TestSupport
import Testing

/// What resolution gives must not depend on the order of anything, nor on what was in memory.
@Suite struct ResolutionPermutationTests {
    private typealias Room = ResolutionRoom
    private static let users = [Room.alice, Room.bob, Room.carol, Room.dan]
    private static let versions = [1, 2, 6, 11, 12]

    /// A room in which four users act at random at random places of the graph, with its forks.
    private func randomRoom(_ version: Int, _ random: inout SeededRandom) throws -> (ResolutionRoom, forks: [[String]])
    {
        var room = try Room(version)
        var names = ["public"]
        var forks: [[String]] = []
        for number in 0..<45 {
            let count = Int.random(in: 1...4, using: &random)
            // The newer half, so that forks are long and many.
            let recent = names.suffix(max(4, names.count / 2))
            let after = Set((0..<count).compactMap { _ in recent.randomElement(using: &random) }).sorted()
            if after.count > 1 { forks.append(after) }
            let name = "e\(Int.random(in: 0..<1_000, using: &random))-\(number)"
            try act(name, after: after, in: &room, &random)
            if room.wasAllowed { names.append(name) }
        }
        return (room, forks)
    }

    private func act(
        _ name: String, after: [String], in room: inout ResolutionRoom, _ random: inout SeededRandom
    ) throws {
        let sender = Self.users.randomElement(using: &random) ?? Room.alice
        let other = Self.users.randomElement(using: &random) ?? Room.bob
        let level = Int64.random(in: 0...100, using: &random)
        var users: JSONObject = [Room.bob: .int(level), Room.carol: .int(100 - level)]
        if room.version.name != "12" { users[Room.alice] = 100 }
        let membership = ["join", "leave", "ban", "invite"].randomElement(using: &random) ?? "join"
        let rule = ["public", "invite"].randomElement(using: &random) ?? "public"
        let choices: [(type: String, key: String, content: JSONObject, sender: String)] = [
            ("m.room.topic", "", ["topic": .string(name)], sender),
            ("m.room.power_levels", "", ["users": .object(users)], sender),
            ("m.room.join_rules", "", ["join_rule": .string(rule)], Room.alice),
            ("m.room.member", other, ["membership": .string(membership)], sender),
            ("m.room.member", sender, ["membership": "join"], sender),
        ]
        let (type, key, content, actor) = choices[Int.random(in: 0..<choices.count, using: &random)]
        // Few moments, so that many events are equal in time.
        let time = Int64.random(in: 1...6, using: &random)
        try room.send(name, type, key, by: actor, .object(content), after: after, time: time, isJudged: false)
    }

    @Test(arguments: versions, [UInt64(1), 2, 3, 4, 5, 6])
    func theOrderOfSetsDoesNotMatter(version: Int, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (room, forks) = try randomRoom(version, &random)
        #expect(forks.count > 10)
        for fork in forks {
            let expected = try room.resolve(fork)
            for _ in 0..<4 {
                var shuffled = fork.shuffled(using: &random)
                if let again = fork.randomElement(using: &random) { shuffled.append(again) }
                #expect(try room.resolve(shuffled) == expected, "\(shuffled)")
            }
            // Resolving the result with itself changes nothing.
            let twice = try resolveState(sets: [expected, expected], event: { room.events[$0] }, rules: room.rules)
            #expect(twice == expected)
        }
    }

    @Test(arguments: versions, [UInt64(11), 12])
    func treesThatShareNodesResolveAsDictionariesDo(version: Int, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (room, forks) = try randomRoom(version, &random)
        for fork in forks {
            let states = try fork.map { try #require(room.states[Room.id($0)]) }
            var trees: [StateTree] = []
            for state in states {
                // Each made out of the one before it, so that they share what is alike.
                var tree = trees.last ?? StateTree()
                for key in tree.dictionary.keys where state[key] == nil { tree[key] = nil }
                for (key, id) in state { tree[key] = id }
                trees.append(tree)
            }
            let resolved = try resolveState(trees: trees, event: { room.events[$0] }, rules: room.rules)
            #expect(resolved.dictionary == (try room.resolve(fork)))
        }
    }

    @Test(arguments: versions)
    func loadingWhatIsMissingBitByBitGivesTheSame(version: Int) throws {
        var random = SeededRandom(seed: 21)
        let (room, forks) = try randomRoom(version, &random)
        for fork in forks {
            let sets = try fork.map { try #require(room.states[Room.id($0)]) }
            var loaded: [EventID: Event] = [:]
            var result: [StateMapKey: EventID]?
            var rounds = 0
            while result == nil {
                rounds += 1
                try #require(rounds <= room.events.count, "it asks for ever")
                do {
                    result = try resolveState(sets: sets, event: { loaded[$0] }, rules: room.rules)
                } catch StateResolutionError.missing(let ids) {
                    #expect(!ids.isEmpty)
                    #expect(Set(ids).count == ids.count)
                    for id in ids {
                        #expect(loaded[id] == nil, "it asks for what it was given")
                        loaded[id] = room.events[id]
                    }
                }
            }
            #expect(try result == room.resolve(fork))
        }
    }

    @Test(arguments: versions)
    func stoppedAnywhereItGivesNothing(version: Int) throws {
        var random = SeededRandom(seed: 31)
        let (room, forks) = try randomRoom(version, &random)
        for fork in forks.suffix(5) {
            let sets = try fork.map { try #require(room.states[Room.id($0)]) }
            var steps = 0
            let whole = try resolveState(
                sets: sets, event: { room.events[$0] }, rules: room.rules,
                shouldStop: {
                    steps += 1
                    return false
                })
            #expect(try whole == room.resolve(fork))
            for budget in 0..<steps {
                var left = budget
                #expect(throws: StateResolutionError.stopped) {
                    try resolveState(
                        sets: sets, event: { room.events[$0] }, rules: room.rules,
                        shouldStop: {
                            left -= 1
                            return left < 0
                        })
                }
            }
        }
    }
}
