import Crypto
import Events
import Identifiers
import RoomRules
import Testing

/// State resolution of room version 1.
@Suite struct ResolutionV1Tests {
    private typealias Room = ResolutionRoom
    private let levels = "m.room.power_levels"

    private func room() throws -> ResolutionRoom {
        var room = try Room(1)
        try room.join("bob", Room.bob)
        return room
    }

    /// The IDs among `names` with the smallest and largest SHA-1.
    private func byHash(_ names: [String]) -> [String] {
        names.sorted { left, right in
            Array(Insecure.SHA1.hash(data: Array("$\(left)".utf8)))
                .lexicographicallyPrecedes(Array(Insecure.SHA1.hash(data: Array("$\(right)".utf8))))
        }
    }

    @Test func ofOtherStateTheDeepestThatIsAllowedWins() throws {
        var room = try room()
        try room.topic("shallow", by: Room.alice, after: ["bob"])
        try room.send("message", "m.room.message", nil, by: Room.bob, after: ["bob"])
        try room.topic("deep", by: Room.bob, after: ["message"])
        #expect(try room.winner(["shallow", "deep"], "m.room.topic") == "deep")
        // A deeper one by somebody who has lost their level meanwhile is passed over.
        try room.levels("demoted", by: Room.alice, [Room.bob: 0], after: ["shallow"])
        #expect(try room.winner(["demoted", "deep"], "m.room.topic") == "shallow")
    }

    @Test func atEqualDepthTheSmallestHashWins() throws {
        var room = try room()
        let names = ["t1", "t2", "t3", "t4", "t5"]
        for name in names { try room.topic(name, by: Room.alice, after: ["bob"]) }
        #expect(try room.winner(names, "m.room.topic") == byHash(names).first)
    }

    @Test func levelsClimbFromTheShallowest() throws {
        var room = try room()
        try room.levels("first", by: Room.alice, [Room.bob: 50, Room.carol: 1], after: ["bob"])
        try room.levels("fork", by: Room.bob, [Room.bob: 50, Room.carol: 2], after: ["bob"])
        try room.levels("second", by: Room.alice, [Room.bob: 0], after: ["first"])
        // At equal depth the greater hash comes first, and the other may follow it if it may change it.
        let climbed = byHash(["first", "fork"]).first
        #expect(try room.winner(["first", "fork"], levels) == climbed)
        #expect(try room.winner(["second", "fork"], levels) == "second")
    }

    @Test func aKeyThatOnlySomeSetsHaveIsNoConflict() throws {
        // Bob comes in on one side only, and changes levels there: he is in the room when they are judged.
        var room = try Room(1)
        try room.join("bob", Room.bob, after: ["public"])
        try room.levels("bobLevels", by: Room.bob, [Room.bob: 50, Room.carol: 2], after: ["bob"])
        try room.topic("topic", by: Room.alice, after: ["public"])
        for prev in [["bobLevels", "topic"], ["topic", "bobLevels"]] {
            #expect(try room.winner(prev, levels) == "bobLevels")
            #expect(try room.winner(prev, "m.room.member", Room.bob) == "bob")
            #expect(try room.winner(prev, "m.room.topic") == "topic")
        }
    }

    @Test func aBanStandsAgainstANewName() throws {
        var room = try room()
        try room.member("ban", "ban", Room.bob, by: Room.alice, after: ["bob"])
        try room.join("name", Room.bob, after: ["bob"])
        try room.topic("topic", by: Room.bob, after: ["name"])
        // Whichever comes first by its hash: after the ban the join is not allowed, after the join the ban is.
        #expect(try room.winner(["ban", "topic"], "m.room.member", Room.bob) == "ban")
        // What only one side has stays, though its sender is banned: version 1 knows no auth difference.
        #expect(try room.winner(["ban", "topic"], "m.room.topic") == "topic")
    }

    @Test func whenNoneIsAllowedTheShallowestStays() throws {
        var room = try room()
        try room.topic("low", by: Room.bob, after: ["bob"])
        try room.send("message", "m.room.message", nil, by: Room.bob, after: ["bob"])
        try room.topic("high", by: Room.bob, after: ["message"])
        try room.levels("demoted", by: Room.alice, [Room.bob: 0], after: ["low"])
        #expect(try room.winner(["demoted", "high"], "m.room.topic") == "low")
    }
}
