import CanonicalJSON
import Identifiers
import TestSupport
import Testing
import WorkerContracts

/// Unread counts: differences of ordinals, which have to agree with counting one by one.
@Suite(.timeLimit(.minutes(15)))
struct UnreadSyncTests {
    private static let byThread: JSONObject = ["room": ["timeline": ["unread_thread_notifications": true]]]

    private func counts(
        _ world: SyncWorld, _ person: SyncWorld.Person, _ room: RoomID
    ) async throws -> JSONValue? {
        try await world.sync(person).joined(room)?["unread_notifications"]
    }

    private static func counts(_ notifications: Int64, _ highlights: Int64 = 0) -> JSONValue {
        ["highlight_count": .int(highlights), "notification_count": .int(notifications)]
    }

    /// Sends a message that says more than a body.
    @discardableResult
    private func send(
        _ world: SyncWorld, _ more: JSONObject, type: String = "m.room.message", by person: SyncWorld.Person,
        in room: RoomID
    ) async throws -> EventID {
        var content: JSONObject = ["msgtype": "m.text", "body": "text"]
        for member in more.members { content[member.key] = member.value }
        return try await world.append(
            EventDraft(type: type, stateKey: nil, sender: person.id, content: content), to: room)
    }

    private static func relation(_ type: String, _ event: EventID) -> JSONObject {
        ["m.relates_to": ["rel_type": .string(type), "event_id": .string(event.rawValue)]]
    }

    @Test func messagesOfOthersCountUntilTheyAreRead() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice)
            try await world.say("before", by: alice, in: room)
            try await world.setMembership("join", of: bob, in: room)
            #expect(try await counts(world, bob, room) == Self.counts(0))
            let sent = try await world.say("one", "two", "three", by: alice, in: room)
            try await world.say("mine", by: bob, in: room)
            #expect(try await counts(world, bob, room) == Self.counts(3))
            #expect(try await counts(world, alice, room) == Self.counts(1))

            let since = try await world.sync(bob).next
            try await world.setReceipt(sent[1], by: bob, in: room, type: "m.read.private")
            // The receipt and the count it makes come together.
            let after = try await world.sync(bob, since: since)
            #expect(after.joined(room)?["unread_notifications"] == Self.counts(1))
            // Neither does one that lags behind bring anything back.
            try await world.setReceipt(sent[0], by: bob, in: room)
            #expect(try await counts(world, bob, room) == Self.counts(1))
            try await world.setReceipt(sent[2], by: bob, in: room)
            #expect(try await counts(world, bob, room) == Self.counts(0))
        }
    }

    @Test func noticesEditsReactionsAndStateDoNotCount() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let message = try await send(world, [:], by: alice, in: room)
            try await send(world, ["msgtype": "m.notice"], by: alice, in: room)
            try await send(world, Self.relation("m.replace", message), by: alice, in: room)
            try await send(world, Self.relation("m.annotation", message), type: "m.reaction", by: alice, in: room)
            try await world.append(SyncWorld.state("m.room.topic", ["topic": "t"], by: alice), to: room)
            #expect(try await counts(world, bob, room) == Self.counts(1))
            try await send(world, ["algorithm": "m.megolm"], type: "m.room.encrypted", by: alice, in: room)
            #expect(try await counts(world, bob, room) == Self.counts(2))
        }
    }

    @Test func whatIsRedactedOrByIgnoredUsersDoesNotCount() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let carl = try await world.person("carl")
            let room = try await world.room(by: alice, members: [bob, carl])
            let sent = try await world.say("one", "two", by: alice, in: room)
            try await world.say("three", by: carl, in: room)
            #expect(try await counts(world, bob, room) == Self.counts(3))
            try await world.redact(sent[0], by: alice, in: room)
            #expect(try await counts(world, bob, room) == Self.counts(2))
            try await world.setAccountData(
                "m.ignored_user_list", ["ignored_users": [carl.id.rawValue: [:] as JSONValue]], of: bob)
            #expect(try await counts(world, bob, room) == Self.counts(1))
            // What was read does not count, redacted or not.
            try await world.setReceipt(sent[1], by: bob, in: room)
            #expect(try await counts(world, bob, room) == Self.counts(0))
        }
    }

    @Test func mentionsAreHighlightsOfThoseWhoAreMentioned() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let carl = try await world.person("carl")
            let room = try await world.room(by: alice, members: [bob, carl])
            let mention: JSONObject = ["m.mentions": ["user_ids": [.string(bob.id.rawValue)]]]
            let everybody: JSONObject = ["m.mentions": ["room": true]]
            let first = try await send(world, mention, by: alice, in: room)
            #expect(try await counts(world, bob, room) == Self.counts(1, 1))
            #expect(try await counts(world, carl, room) == Self.counts(1, 0))
            try await send(world, everybody, by: alice, in: room)
            #expect(try await counts(world, bob, room) == Self.counts(2, 2))
            #expect(try await counts(world, carl, room) == Self.counts(2, 1))
            // Nobody mentions themselves, and not everybody may mention the room.
            try await send(world, everybody, by: carl, in: room)
            #expect(try await counts(world, alice, room) == Self.counts(1, 0))
            #expect(try await counts(world, bob, room) == Self.counts(3, 2))
            try await world.redact(first, by: alice, in: room)
            #expect(try await counts(world, bob, room) == Self.counts(2, 1))
        }
    }

    @Test func threadsAreCountedOneByOneWhenAskedFor() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let roots = try await world.say("first", "second", by: alice, in: room)
            var threaded: [[EventID]] = [[], []]
            for (index, root) in roots.enumerated() {
                for _ in 0..<3 {
                    threaded[index].append(
                        try await send(world, Self.relation("m.thread", root), by: alice, in: room))
                }
            }
            func check(_ main: Int64, _ first: Int64, _ second: Int64) async throws {
                let joined = try await world.sync(bob, filter: Self.byThread).joined(room)
                #expect(joined?["unread_notifications"] == Self.counts(main))
                let threads = joined?["unread_thread_notifications"]?.objectValue ?? [:]
                var expected = JSONObject()
                if first > 0 { expected[roots[0].rawValue] = Self.counts(first) }
                if second > 0 { expected[roots[1].rawValue] = Self.counts(second) }
                #expect(threads == expected)
                #expect(try await counts(world, bob, room) == Self.counts(main + first + second))
            }
            try await check(2, 3, 3)
            try await world.setReceipt(threaded[0][1], by: bob, in: room, thread: roots[0].rawValue)
            try await check(2, 1, 3)
            try await world.setReceipt(roots[1], by: bob, in: room, thread: "main")
            try await check(0, 1, 3)
            try await world.redact(threaded[1][0], by: alice, in: room)
            try await check(0, 1, 2)
            // One without a thread is for all of them.
            try await world.setReceipt(threaded[1][1], by: bob, in: room)
            try await check(0, 0, 1)
        }
    }

    /// Anything that may happen to counts, at random, against a count one by one.
    @Test(arguments: [1, 2, 3] as [UInt64]) func countsAgreeWithCountingOneByOne(seed: UInt64) async throws {
        try await SyncWorld.with { world in
            var random = SeededRandom(seed: seed)
            let people = [
                try await world.person("alice"), try await world.person("bob"), try await world.person("carl"),
            ]
            let room = try await world.room(by: people[0], members: Array(people.dropFirst()))
            var sent: [(event: EventID, sender: Int, thread: EventID?, isRedacted: Bool)] = []
            // By person and thread, "" for all and "main", the index of the last event read.
            var read: [[String: Int]] = [[:], [:], [:]]
            for _ in 0..<60 {
                let person = Int.random(in: 0..<3, using: &random)
                switch Int.random(in: 0..<10, using: &random) {
                case 0...5:
                    let root = sent.filter { $0.thread == nil }.prefix(3).randomElement(using: &random)?.event
                    let thread = Bool.random(using: &random) ? root : nil
                    let event = try await send(
                        world, thread.map { Self.relation("m.thread", $0) } ?? [:], by: people[person], in: room)
                    sent.append((event, person, thread, false))
                case 6 where !sent.isEmpty:
                    let index = Int.random(in: 0..<sent.count, using: &random)
                    guard sent[index].thread != nil, !sent[index].isRedacted else { continue }
                    try await world.redact(sent[index].event, by: people[0], in: room)
                    sent[index].isRedacted = true
                default:
                    guard let index = sent.indices.randomElement(using: &random) else { continue }
                    let isThreaded = Bool.random(using: &random)
                    let thread = isThreaded ? sent[index].thread?.rawValue ?? "main" : nil
                    try await world.setReceipt(sent[index].event, by: people[person], in: room, thread: thread)
                    let key = thread ?? ""
                    read[person][key] = max(read[person][key] ?? -1, index)
                }
            }
            for (number, person) in people.enumerated() {
                func unread(in thread: EventID?) -> Int {
                    let everywhere = read[number][""] ?? -1
                    let here = read[number][thread?.rawValue ?? "main"] ?? -1
                    return sent.enumerated().filter { index, event in
                        index > max(everywhere, here) && event.sender != number && event.thread == thread
                            && !event.isRedacted
                    }.count
                }
                let joined = try await world.sync(person, filter: Self.byThread).joined(room)
                #expect(joined?["unread_notifications"]?["notification_count"] == .int(Int64(unread(in: nil))))
                let roots = Set(sent.compactMap(\.thread))
                for root in roots {
                    let counted = joined?["unread_thread_notifications"]?[root.rawValue]?["notification_count"]
                    #expect(counted?.intValue ?? 0 == Int64(unread(in: root)))
                }
                let all = unread(in: nil) + roots.reduce(0) { $0 + unread(in: $1) }
                #expect(try await counts(world, person, room)?["notification_count"] == .int(Int64(all)))
            }
        }
    }

    @Test func aLimitedTimelineShowsWhatRelatesToItsEvents() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let since = try await world.sync(bob).next
            let message = try await send(world, [:], by: alice, in: room)
            var edit = Self.relation("m.replace", message)
            edit["m.new_content"] = ["msgtype": "m.text", "body": "new"]
            let edited = try await send(world, edit, by: alice, in: room)
            func replacement(_ body: SyncedBody) -> String? {
                let events = body.joined(room)?.events("timeline") ?? []
                let event = events.first { $0["event_id"]?.stringValue == message.rawValue }
                return event?["unsigned"]?["m.relations"]?["m.replace"]?["event_id"]?.stringValue
            }
            #expect(replacement(try await world.sync(bob)) == edited.rawValue)
            // Who missed nothing has the edit itself.
            #expect(replacement(try await world.sync(bob, since: since)) == nil)
            let short: JSONObject = ["room": ["timeline": ["limit": 2]]]
            try await world.append(SyncWorld.state("m.room.topic", ["topic": "t"], by: alice), to: room)
            let limited = try await world.sync(bob, since: since, filter: ["room": ["timeline": ["limit": 2]]])
            #expect(limited.joined(room)?.isLimited == true)
            #expect(replacement(try await world.sync(bob, filter: short)) == nil)
            let three = try await world.sync(bob, filter: ["room": ["timeline": ["limit": 3]]])
            #expect(replacement(three) == edited.rawValue)
        }
    }
}
