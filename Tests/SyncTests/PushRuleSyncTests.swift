import CanonicalJSON
import Events
import Identifiers
import PushRules
import RoomReading
import RoomRules
import Storage
import TestSupport
import Testing
import WorkerContracts

/// Counts of what is unread, as somebody's own push rules have it.
@Suite(.timeLimit(.minutes(15)))
struct PushRuleSyncTests {
    private func change(
        _ world: SyncWorld, _ person: SyncWorld.Person, _ kind: PushRuleKind, _ name: String,
        _ what: PushRuleChange.What
    ) async throws {
        try await world.execute(
            .changePushRules(.init(user: person.id, change: PushRuleChange(kind: kind, name: name, what: what))),
            of: person.id)
    }

    private func counts(
        _ world: SyncWorld, _ person: SyncWorld.Person, _ room: RoomID
    ) async throws -> [Int64?] {
        let unread = try await world.sync(person).joined(room)?["unread_notifications"]
        return [unread?["notification_count"]?.intValue, unread?["highlight_count"]?.intValue]
    }

    @discardableResult
    private func send(
        _ world: SyncWorld, _ content: JSONObject, type: String = "m.room.message", by person: SyncWorld.Person,
        in room: RoomID
    ) async throws -> EventID {
        try await world.append(EventDraft(type: type, stateKey: nil, sender: person.id, content: content), to: room)
    }

    private static func mention(_ person: SyncWorld.Person, _ more: JSONObject = [:]) -> JSONObject {
        var content: JSONObject = ["msgtype": "m.text", "body": "x"]
        content["m.mentions"] = ["user_ids": [.string(person.id.rawValue)]]
        for member in more.members { content[member.key] = member.value }
        return content
    }

    @Test(arguments: LogMode.allCases) func rulesAreToldWholeAtFirstAndWhenTheyChange(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let alice = try await world.person("alice")
            func rules(_ synced: SyncedBody) -> JSONValue? {
                synced.allAccountData.first { $0["type"] == "m.push_rules" }?["content"]
            }
            let first = try await world.sync(alice)
            #expect(rules(first)?["global"]?["override"]?.arrayValue?.count == 10)
            #expect(rules(try await world.sync(alice, since: first.next)) == nil)
            try await change(world, alice, .content, "cake", .set(["pattern": "cake", "actions": ["notify"]], nil))
            let told = rules(try await world.sync(alice, since: first.next))
            #expect(told?["global"]?["content"]?.arrayValue?.first?["rule_id"] == "cake")
            #expect(told?["global"]?["underride"]?.arrayValue?.count == 5)
            #expect(rules(try await world.sync(alice)) == told)
        }
    }

    @Test(arguments: [LogMode.hinted, .otherWorkers]) func countsFollowTheRulesThereAreNow(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            try await world.say("there is cake", "and tea", by: alice, in: room)
            try await send(world, Self.mention(bob), by: alice, in: room)
            #expect(try await counts(world, bob, room) == [3, 1])
            // Words of one's own, also in what came before.
            try await change(
                world, bob, .content, "c",
                .set(["pattern": "cake", "actions": ["notify", ["set_tweak": "highlight"]]], nil))
            #expect(try await counts(world, bob, room) == [3, 2])
            try await change(world, bob, .content, "c", .enable(false))
            #expect(try await counts(world, bob, room) == [3, 1])
            // Only what singles one out; then nothing; then everything off.
            try await change(world, bob, .room, room.rawValue, .set(["actions": []], nil))
            #expect(try await counts(world, bob, room) == [1, 1])
            try await change(
                world, bob, .override, room.rawValue,
                .set(
                    [
                        "conditions": [["kind": "event_match", "key": "room_id", "pattern": .string(room.rawValue)]],
                        "actions": [],
                    ], nil))
            #expect(try await counts(world, bob, room) == [0, 0])
            try await change(world, bob, .override, room.rawValue, .remove)
            try await change(world, bob, .room, room.rawValue, .remove)
            #expect(try await counts(world, bob, room) == [3, 1])
            try await change(world, bob, .override, ".m.rule.master", .enable(true))
            #expect(try await counts(world, bob, room) == [0, 0])
            try await change(world, bob, .override, ".m.rule.master", .enable(false))
            try await change(world, bob, .sender, alice.id.rawValue, .set(["actions": []], nil))
            #expect(try await counts(world, bob, room) == [1, 1])
        }
    }

    /// What is not for everybody to read, and yet singles somebody out.
    @Test func editsAndOtherEventsThatMentionSomebodyCountForThem() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let carl = try await world.person("carl")
            let room = try await world.room(by: alice, members: [bob, carl])
            let sent = try #require(try await world.say("one", by: alice, in: room).first)
            let edit: JSONObject = ["m.relates_to": ["rel_type": "m.replace", "event_id": .string(sent.rawValue)]]
            try await send(world, Self.mention(bob, edit), by: alice, in: room)
            try await send(world, Self.mention(bob), type: "org.example.poll", by: alice, in: room)
            try await send(world, Self.mention(bob, ["msgtype": "m.notice"]), by: alice, in: room)
            let last = try await send(world, [:], type: "m.call.invite", by: alice, in: room)
            #expect(try await counts(world, bob, room) == [4, 2])
            #expect(try await counts(world, carl, room) == [2, 0])
            try await world.append(SyncWorld.state("m.room.tombstone", ["body": "x"], by: alice), to: room)
            #expect(try await counts(world, carl, room) == [3, 1])
            try await world.setReceipt(last, by: bob, in: room)
            #expect(try await counts(world, bob, room) == [1, 1])
        }
    }

    @Test func aReadInAThreadClearsThatThreadOnly() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let roots = try await world.say("first", "second", by: alice, in: room)
            var last: [EventID] = []
            for root in roots {
                let relation: JSONObject = [
                    "m.relates_to": ["rel_type": "m.thread", "event_id": .string(root.rawValue)]
                ]
                last.append(try await send(world, Self.mention(bob, relation), by: alice, in: room))
            }
            let byThread: JSONObject = ["room": ["timeline": ["unread_thread_notifications": true]]]
            // By subtraction, and one by one.
            for isLooked in [false, true] {
                if isLooked {
                    try await change(
                        world, bob, .content, "c", .set(["pattern": "nothing", "actions": ["notify"]], nil))
                }
                var joined = try await world.sync(bob, filter: byThread).joined(room)
                #expect(joined?["unread_notifications"]?["notification_count"] == 2)
                let expected: [EventID] = isLooked ? [roots[1]] : roots
                #expect(
                    Set(joined?["unread_thread_notifications"]?.objectValue?.keys ?? [])
                        == Set(expected.map(\.rawValue)))
                guard !isLooked else { continue }
                try await world.setReceipt(last[0], by: bob, in: room, thread: roots[0].rawValue)
                joined = try await world.sync(bob, filter: byThread).joined(room)
                #expect(joined?["unread_thread_notifications"]?[roots[0].rawValue] == nil)
                #expect(joined?["unread_thread_notifications"]?[roots[1].rawValue]?["highlight_count"] == 1)
                #expect(joined?["unread_notifications"]?["notification_count"] == 2)
            }
        }
    }

    private func follow(
        _ root: EventID, _ isFollowing: Bool, by person: SyncWorld.Person, in room: RoomID, _ world: SyncWorld
    ) async throws {
        try await world.execute(
            .setThreadSubscription(
                .init(
                    user: person.id, room: room, root: root, state: isFollowing ? .manual : .unsubscribed,
                    roomPosition: .zero)), of: person.id)
    }

    /// MSC4306: what is unread follows the threads that somebody follows, as soon as they follow any.
    @Test func threadsThatAreNotFollowedDoNotCount() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let roots = try await world.say("first", "second", by: alice, in: room)
            try await world.setReceipt(roots[1], by: bob, in: room)
            for root in roots {
                let relation: JSONObject = [
                    "m.relates_to": ["rel_type": "m.thread", "event_id": .string(root.rawValue)]
                ]
                try await send(world, relation, by: alice, in: room)
                try await send(world, relation, type: "m.sticker", by: alice, in: room)
                try await send(world, Self.mention(bob, relation), by: alice, in: room)
            }
            try await world.say("main", by: alice, in: room)
            func threads() async throws -> [Int64?] {
                let filter: JSONObject = ["room": ["timeline": ["unread_thread_notifications": true]]]
                let joined = try await world.sync(bob, filter: filter).joined(room)
                let threads = joined?["unread_thread_notifications"]
                return [joined?["unread_notifications"]?["notification_count"]?.intValue]
                    + roots.map { threads?[$0.rawValue]?["notification_count"]?.intValue }
            }
            #expect(try await counts(world, bob, room) == [5, 2])
            #expect(try await threads() == [1, 2, 2])
            try await follow(roots[0], true, by: bob, in: room, world)
            #expect(try await counts(world, bob, room) == [5, 2])
            #expect(try await threads() == [1, 3, 1])
            // Also where only mentions notify.
            try await change(world, bob, .room, room.rawValue, .set(["actions": []], nil))
            #expect(try await counts(world, bob, room) == [4, 2])
            try await change(world, bob, .room, room.rawValue, .remove)
            try await follow(roots[0], false, by: bob, in: room, world)
            #expect(try await counts(world, bob, room) == [3, 2])
        }
    }

    /// Whatever happens at random: the subtraction, and the count one by one by the rules that everybody has, agree.
    @Test(arguments: [11, 12, 13, 14, 15] as [UInt64])
    func subtractionAgreesWithGoingThroughTheRules(seed: UInt64) async throws {
        try await SyncWorld.with { world in
            var random = SeededRandom(seed: seed)
            let people = [
                try await world.person("alice"), try await world.person("bob"), try await world.person("carl"),
            ]
            let room = try await world.room(by: people[0], members: Array(people.dropFirst()))
            var sent: [EventID] = []
            for _ in 0..<50 {
                let sender = people[Int.random(in: 0..<3, using: &random)]
                let other = people[Int.random(in: 0..<3, using: &random)]
                var content: JSONObject = ["msgtype": "m.text", "body": "text"]
                var type = "m.room.message"
                switch Int.random(in: 0..<9, using: &random) {
                case 0: content["msgtype"] = "m.notice"
                case 1: type = "m.room.encrypted"
                case 2: type = "m.reaction"
                case 3: content["m.mentions"] = ["room": true]
                case 4: type = "m.sticker"
                default: break
                }
                if Int.random(in: 0..<4, using: &random) == 0 {
                    content["m.mentions"] = ["user_ids": [.string(other.id.rawValue)]]
                }
                if let parent = sent.randomElement(using: &random), Int.random(in: 0..<3, using: &random) == 0 {
                    let relation = ["m.thread", "m.replace"].randomElement(using: &random) ?? "m.thread"
                    content["m.relates_to"] = ["rel_type": .string(relation), "event_id": .string(parent.rawValue)]
                }
                sent.append(try await send(world, content, type: type, by: sender, in: room))
                if Int.random(in: 0..<6, using: &random) == 0, let gone = sent.randomElement(using: &random) {
                    try await world.redact(gone, by: people[0], in: room)
                }
                if Int.random(in: 0..<8, using: &random) == 0, let read = sent.randomElement(using: &random) {
                    try await world.setReceipt(read, by: other, in: room)
                }
                // The third of them follows no threads.
                if Int.random(in: 0..<6, using: &random) == 0, let root = sent.randomElement(using: &random) {
                    let isFollowing = Int.random(in: 0..<4, using: &random) > 0
                    try await follow(root, isFollowing, by: people[sent.count % 2], in: room, world)
                }
            }
            try await world.settle()
            let contexts = PushContexts(
                facts: RoomFacts(database: world.database), pushFacts: PushFactStore(database: world.database))
            let counter = UnreadCounter(store: UnreadStore(database: world.database), contexts: contexts)
            for person in people {
                let cut = try #require(try world.worker.parts.tail.current)
                let shard = ShardID.placement(of: room, count: TestDatabase.shardCount)
                let joined = try await world.database.query(
                    "SELECT seq FROM current_membership WHERE user_id = $1", person.id.rawValue)
                let request = UnreadRequest(
                    room: room, joinedAt: ShardSequence(try joined[0].int64("seq")), upTo: cut[shard])
                var document = PushRuleDocument(nil, of: person.id)
                let subtracted = try await counter.counts(
                    in: [request], for: person.id, rules: PushRuleSet(document, of: person.id), ignoring: [],
                    listsThreads: true)
                // A rule that fits nothing has every event looked at.
                let nothing: JSONObject = ["pattern": "nowhere", "actions": ["notify"]]
                try document.apply(PushRuleChange(kind: .content, name: "c", what: .set(nothing, nil)))
                let rules = PushRuleSet(document, of: person.id)
                #expect(rules.counting(in: room) == .oneByOne)
                let looked = try await counter.counts(
                    in: [request], for: person.id, rules: rules, ignoring: [], listsThreads: true)
                for part in [\RoomUnread.main, \.inThreads] {
                    let (one, other) = (subtracted[room]?[keyPath: part], looked[room]?[keyPath: part])
                    #expect(one == other, "seed \(seed) \(person.id)")
                }
            }
        }
    }
}
