import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Testing

/// State resolution of room versions 2 to 12, by scenario.
@Suite struct ResolutionV2Tests {
    private typealias Room = ResolutionRoom
    private let levels = "m.room.power_levels"
    private let topic = "m.room.topic"

    private func room(_ version: Int) throws -> ResolutionRoom {
        var room = try Room(version)
        try room.join("bob", Room.bob)
        try room.join("carol", Room.carol)
        return room
    }

    /// What `prev` resolve to in any order.
    private func winner(_ room: ResolutionRoom, _ prev: [String], _ type: String, _ key: String = "") throws -> String?
    {
        let found = try room.winner(prev, type, key)
        #expect(try room.winner(prev.reversed(), type, key) == found)
        return found
    }

    @Test(arguments: 2...12)
    func morePowerGoesFirst(version: Int) throws {
        var room = try room(version)
        // Bob acts earlier, but Alice's demotion of him comes first, and then he may not.
        try room.levels("bobs", by: Room.bob, [Room.bob: 50, Room.carol: 50], after: ["carol"], time: 10)
        try room.levels("alices", by: Room.alice, [Room.bob: 0], after: ["carol"], time: 20)
        #expect(try winner(room, ["bobs", "alices"], levels) == "alices")
    }

    @Test(arguments: 2...12)
    func atEqualPowerTheLaterThenTheGreaterIDStays(version: Int) throws {
        for (first, second, expected) in [(10, 20, "b"), (20, 10, "a"), (10, 10, "b")] as [(Int64, Int64, String)] {
            var room = try room(version)
            for (name, time) in [("a", first), ("b", second)] {
                try room.send(
                    name, "m.room.join_rules", "", by: Room.alice, ["join_rule": "invite"], after: ["carol"], time: time
                )
                try room.topic("topic-\(name)", by: Room.alice, after: ["carol"], time: time)
            }
            #expect(try winner(room, ["a", "b"], "m.room.join_rules") == expected)
            #expect(try winner(room, ["topic-a", "topic-b"], topic) == "topic-" + expected)
        }
    }

    @Test(arguments: 2...12)
    func aBanOverrulesWhatTheBannedDid(version: Int) throws {
        var room = try room(version)
        try room.member("ban", "ban", Room.bob, by: Room.alice, after: ["carol"])
        try room.topic("bobs", by: Room.bob, after: ["carol"])
        try room.levels("bobsLevels", by: Room.bob, [Room.bob: 50, Room.carol: 50], after: ["bobs"])
        try room.topic("carols", by: Room.carol, after: ["bobsLevels"])
        #expect(try winner(room, ["ban", "carols"], topic) == nil)
        #expect(try winner(room, ["ban", "carols"], levels) == "levels")
        #expect(try winner(room, ["ban", "carols"], "m.room.member", Room.bob) == "ban")
    }

    @Test(arguments: 2...12)
    func joiningWhileTheDoorClosesDoesNotWork(version: Int) throws {
        var room = try room(version)
        try room.send(
            "closed", "m.room.join_rules", "", by: Room.alice, ["join_rule": "invite"], after: ["carol"], time: 50)
        try room.join("dan", Room.dan, after: ["carol"], time: 60)
        #expect(try winner(room, ["closed", "dan"], "m.room.join_rules") == "closed")
        #expect(try winner(room, ["closed", "dan"], "m.room.member", Room.dan) == nil)
    }

    @Test(arguments: 2...12)
    func newerLevelsOverruleTopicsSentUnderOlderOnes(version: Int) throws {
        var room = try room(version)
        try room.topic("t1", by: Room.alice, after: ["carol"])
        try room.levels("pa1", by: Room.alice, [Room.bob: 50], after: ["t1"])
        try room.topic("t2", by: Room.alice, after: ["pa1"])
        try room.levels("pa2", by: Room.alice, [Room.bob: 0], after: ["t2"])
        try room.levels("pb", by: Room.bob, [Room.bob: 50, Room.carol: 10], after: ["pa1"])
        try room.topic("t3", by: Room.bob, after: ["pb"])
        #expect(try winner(room, ["pa2", "t3"], levels) == "pa2")
        #expect(try winner(room, ["pa2", "t3"], topic) == "t2")
    }

    @Test(arguments: 2...12)
    func theMainlineOrdersBeforeTime(version: Int) throws {
        var room = try room(version)
        // "old" is later by the clock, but was sent under older levels: "new" comes after it and stays.
        try room.topic("old", by: Room.alice, after: ["carol"], time: 1_000)
        try room.levels("newer", by: Room.alice, [Room.bob: 60], after: ["carol"], time: 20)
        try room.topic("new", by: Room.alice, after: ["newer"], time: 30)
        #expect(try winner(room, ["old", "new"], topic) == "new")
    }

    @Test(arguments: 2...12)
    func aTopicFallsBackWhenItsSenderWasBanned(version: Int) throws {
        var room = try room(version)
        try room.topic("t1", by: Room.alice, after: ["carol"])
        try room.topic("t2", by: Room.bob, after: ["t1"])
        try room.member("ban", "ban", Room.bob, by: Room.alice, after: ["t2"])
        #expect(try winner(room, ["ban", "t1"], topic) == "t1")
        #expect(try winner(room, ["ban", "t1"], "m.room.member", Room.bob) == "ban")
    }

    @Test func leavingOnesOwnAccordIsNoPowerEvent() throws {
        var room = try room(11)
        // Bob leaves on one side and sets the topic on the other: his topic is judged in mainline order, in time.
        try room.topic("topic", by: Room.bob, after: ["carol"], time: 50)
        try room.member("leave", "leave", Room.bob, by: Room.bob, after: ["carol"], time: 60)
        #expect(try winner(room, ["topic", "leave"], topic) == "topic")
        try room.member("kick", "leave", Room.bob, by: Room.alice, after: ["carol"], time: 60)
        #expect(try winner(room, ["topic", "kick"], topic) == nil)
    }

    @Test func rejectedAuthEventsHaveNoSay() throws {
        // From empty state, each topic is judged by its own auth events; without its levels Bob's is not allowed.
        var room = try room(12)
        try room.topic("alices", by: Room.alice, after: ["carol"], time: 50)
        try room.topic("bobs", by: Room.bob, after: ["carol"], time: 60)
        let sets = try ["alices", "bobs"].map { try #require(room.states[Room.id($0)]) }
        let key = StateMapKey(type: topic, stateKey: "")
        for (rejected, expected) in [("nothing", "bobs"), ("levels", "alices")] {
            let id = try Room.id(rejected)
            let state = try resolveState(
                sets: sets, event: { room.events[$0] }, isRejected: { $0 == id }, rules: room.rules)
            #expect(state[key] == (try Room.id(expected)))
        }
    }

    @Test func stateThatAllSetsAgreeOnStays() throws {
        for version in RuleScene.all {
            var room = try room(version)
            try room.topic("t1", by: Room.alice, after: ["carol"])
            try room.topic("t2", by: Room.alice, after: ["carol"])
            let state = try room.resolve(["t1", "t2"])
            let before = try room.resolve(["carol"])
            for (key, id) in before { #expect(state[key] == id) }
            #expect(state.count == before.count + 1)
        }
    }
}
