import CanonicalJSON
import Identifiers
import TestSupport
import Testing
import WorkerContracts

/// Receipts, typing and messages to devices.
@Suite(.timeLimit(.minutes(15)))
struct EphemeralSyncTests {
    @Test(arguments: LogMode.allCases) func receiptsAreGroupedAndPrivateOnesAreTheirOwners(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let sent = try await world.say("one", "two", by: alice, in: room)
            var since: [String] = []
            for person in [alice, bob] { since.append(try await world.sync(person).next) }
            try await world.setReceipt(sent[0], by: alice, in: room)
            try await world.setReceipt(sent[1], by: bob, in: room, type: "m.read.private")
            try await world.setReceipt(sent[1], by: bob, in: room, thread: "main")
            let forAlice = try #require(try await world.sync(alice, since: since[0]).joined(room))
            #expect(
                forAlice.events("ephemeral") == [
                    [
                        "type": "m.receipt",
                        "content": [
                            sent[0].rawValue: ["m.read": [alice.id.rawValue: ["ts": 5]]] as JSONValue,
                            sent[1].rawValue: ["m.read": [bob.id.rawValue: ["ts": 5, "thread_id": "main"]]]
                                as JSONValue,
                        ],
                    ]
                ])
            let synced = try await world.sync(bob, since: since[1])
            let content = try #require(synced.joined(room)?.events("ephemeral").first?["content"])
            #expect(content[sent[1].rawValue]?["m.read.private"]?[bob.id.rawValue] != nil)
            #expect(try await world.sync(bob, since: synced.next).isEmpty)
            // A later one replaces the earlier, also for those who had none.
            try await world.setReceipt(sent[1], by: alice, in: room)
            let fresh = try await world.sync(bob).joined(room)?.events("ephemeral").first?["content"]
            #expect(fresh?[sent[0].rawValue] == nil)
            #expect(fresh?[sent[1].rawValue]?["m.read"]?[alice.id.rawValue] != nil)
        }
    }

    @Test func typingComesByTheFeedAndEnds() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let other = try await world.room(by: bob)
            var since = try await world.sync(alice).next
            func type(_ users: [UserID], _ counter: Int64, in room: RoomID, boot: String = "b") async throws {
                let typing = RoomTyping(room: room, users: users, boot: boot, counter: counter)
                try world.worker.parts.apply(.message(.typing(typing), writer: "w"))
            }
            try await type([bob.id], 1, in: room)
            try await type([bob.id], 2, in: other)
            var synced = try await world.sync(alice, since: since)
            #expect(
                synced.joined(room)?.events("ephemeral") == [
                    ["type": "m.typing", "content": ["user_ids": [.string(bob.id.rawValue)]]]
                ])
            #expect(synced.rooms("join") == [room.rawValue])
            since = synced.next
            #expect(try await world.sync(alice, since: since).isEmpty)
            // An older one that comes late says nothing.
            try await type([], 1, in: room)
            #expect(try await world.sync(alice, since: since).isEmpty)
            try await type([], 3, in: room)
            synced = try await world.sync(alice, since: since)
            #expect(synced.joined(room)?.events("ephemeral").first?["content"] == ["user_ids": []])
            // A writer whose feed is lost takes its typing with it.
            try await type([bob.id], 4, in: room)
            since = try await world.sync(alice, since: synced.next).next
            try world.worker.parts.apply(.disconnected(writer: "w"))
            synced = try await world.sync(alice, since: since)
            #expect(synced.joined(room)?.events("ephemeral").first?["content"] == ["user_ids": []])
        }
    }

    @Test func typingIsToldAgainByAnotherWorker() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let ended = try await world.room(by: alice, members: [bob])
            let begun = try await world.room(by: alice, members: [bob])
            func type(in room: RoomID) async throws {
                let typing = RoomTyping(room: room, users: [bob.id], boot: "b", counter: 1)
                try world.worker.parts.apply(.message(.typing(typing), writer: "w"))
            }
            try await type(in: ended)
            let since = try await world.sync(alice).next
            try await world.startWorker()
            try await type(in: begun)
            let synced = try await world.sync(alice, since: since)
            #expect(synced.joined(ended)?.events("ephemeral").first?["content"] == ["user_ids": []])
            #expect(
                synced.joined(begun)?.events("ephemeral").first?["content"]
                    == ["user_ids": [.string(bob.id.rawValue)]])
            #expect(try await world.sync(alice, since: synced.next).isEmpty)
        }
    }

    @Test(arguments: LogMode.allCases) func messagesToADeviceComeInPagesAndAreDeletedOnceHad(mode: LogMode) async throws
    {
        try await SyncWorld.with(mode) { world in
            let alice = try await world.person("alice")
            let other = try await world.device("OTHER", of: alice.id)
            let first = try await world.sync(alice).next
            for part in 0..<5 {
                try await world.sendToDevice((0..<50).map { "\(part * 50 + $0)" }, to: alice)
            }
            func texts(_ body: SyncedBody) -> [String] {
                body.toDevice.compactMap { $0["content"]?["text"]?.stringValue }
            }
            var since = first
            var seen: [[String]] = []
            for _ in 0..<4 {
                let synced = try await world.sync(alice, since: since)
                seen.append(texts(synced))
                since = synced.next
            }
            #expect(seen.map(\.count) == [100, 100, 50, 0])
            #expect(seen.flatMap { $0 } == (0..<250).map { "\($0)" })
            try await waitUntil {
                let rows = try await world.database.query("SELECT count(*) AS n FROM to_device")
                return try rows[0].int64("n") == 0
            }
            #expect(try await world.sync(other).toDevice.isEmpty)
        }
    }

    @Test(arguments: LogMode.allCases) func messagesOfALostAnswerComeAgain(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let alice = try await world.person("alice")
            let since = try await world.sync(alice).next
            try await world.sendToDevice(["one"], to: alice)
            let lost = try await world.sync(alice, since: since)
            let again = try await world.sync(alice, since: since)
            #expect(lost.toDevice == again.toDevice)
            #expect(again.toDevice == [["type": "m.test", "sender": "@x:y", "content": ["text": "one"]]])
            // A device that starts anew has had nothing.
            #expect(try await world.sync(alice).toDevice.count == 1)
        }
    }

    @Test(arguments: LogMode.allCases) func keyComesNoLaterThanItsMessage(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: bob, members: [alice])
            var since = try await world.sync(alice).next
            var keys: Set<String> = []
            for round in 0..<10 {
                try await world.sendToDevice(["\(round)"], to: alice)
                try await world.say("\(round)", by: bob, in: room)
                let answer = try await world.ask(alice, since: since)
                let synced = SyncedBody(body: answer.body)
                since = synced.next
                keys.formUnion(synced.toDevice.compactMap { $0["content"]?["text"]?.stringValue })
                #expect(keys.isSuperset(of: synced.joined(room)?.timeline ?? []))
            }
        }
    }
}
