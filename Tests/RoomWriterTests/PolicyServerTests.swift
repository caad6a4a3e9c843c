import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Signing
import Storage
import TestSupport
import Testing
import WorkerContracts
import WriterTestSupport

/// Rooms with a policy server send what it has signed, and nothing else.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct PolicyServerTests {
    private func with(_ body: @Sendable (PolicyServer, TestWriters) async throws -> Void) async throws {
        try await PolicyServer.with { server in
            try await TestWriters.with { writers in try await body(server, writers) }
        }
    }

    private func stored(_ id: EventID, in room: TestRoom, _ writers: TestWriters) async throws -> KnownEvent? {
        try await KnownEvents(database: writers.database).fetch([id], of: room.room, rules: room.version.rules)[id]
    }

    @Test func eventsCarryTheServersSignatureBesideTheirOwn() async throws {
        try await with { server, writers in
            let room = try await server.room(writers)
            #expect(server.events.isEmpty, "it has no say in the event that names it")
            let sent = try await writers.send(
                [TestRoom.message("one", by: room.creator), TestRoom.message("two", by: room.creator)], to: room
            ).events()
            #expect(server.events.count == 2)
            for id in sent {
                let event = try #require(try await stored(id, in: room, writers)?.event)
                #expect(event.json["signatures"]?[server.name.rawValue]?[RoomPolicy.keyID] != nil)
                #expect(event.json["signatures"]?[TestRoom.server.rawValue] != nil)
            }
            let asked = try #require(server.events.last)
            let covered = RequestSigning.covered(
                "POST", "/_matrix/policy/v1/sign", content: asked, from: TestRoom.server, to: server.name)
            let signature = UnpaddedBase64.encode(try InProcessWriter.key().sign(JSONSigning.signedBytes(of: covered)))
            #expect(server.lastAuthorization?.hasSuffix("sig=\"\(signature)\"") ?? false)
            // State is asked about like anything else.
            let topic = TestRoom.state("m.room.topic", "", ["topic": "t"], by: room.creator)
            _ = try await writers.send([topic], to: room).events()
            #expect(server.events.last?["type"] == "m.room.topic")
        }
    }

    @Test func whatTheServerRefusesIsNotSentAndItsWordsReachTheSender() async throws {
        try await with { server, writers in
            let room = try await server.room(writers)
            server.become(.refuses(status: 400, errcode: "M_FORBIDDEN"))
            let message = TestRoom.message("spam", by: room.creator)
            let refusal = try #require(try await writers.send([message], to: room).refusal)
            #expect(refusal == .init(status: 400, errcode: "M_FORBIDDEN", message: "No, thank you."))
            server.become(.refuses(status: 401, errcode: "M_UNKNOWN_TOKEN"))
            let masked = try #require(try await writers.send([message], to: room).refusal)
            #expect(masked.status == 403 && masked.errcode == "M_FORBIDDEN")
            server.become(.signsWrongly)
            #expect(try await writers.send([message], to: room).refusal?.errcode == "M_FORBIDDEN")
            let rows = try await writers.database.query(
                "SELECT FROM event WHERE type = $1", Array("m.room.message".utf8))
            #expect(rows.isEmpty)
            // What the rules refuse is not asked about.
            let asked = server.events.count
            let stranger = try TestRoom.message("x", by: user("stranger"))
            #expect(try await writers.send([stranger], to: room).refusal?.status == 403)
            #expect(server.events.count == asked)
            // The room can always dismiss it.
            let dismissal = TestRoom.state("m.room.policy", "", [:], by: room.creator)
            _ = try await writers.send([dismissal], to: room).events()
            _ = try await writers.send([message], to: room).events()
            #expect(server.events.count == asked)
        }
    }

    @Test func aServerThatNobodyOfIsInTheRoomHasNoSay() async throws {
        try await with { server, writers in
            let room = try TestRoom()
            try await writers.create(room)
            server.become(.refuses(status: 400, errcode: "M_FORBIDDEN"))
            _ = try await writers.send([server.draft(by: room.creator)], to: room).events()
            _ = try await writers.send([TestRoom.message("hello", by: room.creator)], to: room).events()
            #expect(server.events.isEmpty)
        }
    }

    @Test func aServerThatIsGoneIsLeftAloneForAWhile() async throws {
        try await with { server, writers in
            let room = try await server.room(writers)
            server.become(.silent)
            let message = TestRoom.message("hello", by: room.creator)
            for _ in 0..<3 {
                #expect(try await writers.send([message], to: room).refusal?.errcode == "M_FORBIDDEN")
            }
            #expect(server.events.count == 1)
        }
    }

    @Test func aRoomThatWaitsForItsServerWaitsAlone() async throws {
        try await with { server, writers in
            let room = try await server.room(writers)
            let neighbour = try writers.neighbour(of: room)
            try await writers.create(neighbour)
            server.become(.ponders)
            async let waiting = writers.send([TestRoom.message("slow", by: room.creator)], to: room)
            #expect(try await comesTrue(within: .seconds(10)) { server.events.count == 1 })
            for number in 0..<5 {
                let message = TestRoom.message("\(number)", by: neighbour.creator)
                _ = try await writers.send([message], to: neighbour).events()
            }
            server.become(.signs)
            #expect(try await waiting.events().count == 1)
        }
    }

    @Test func receivedEventsWithoutASignatureAreSoftFailed() async throws {
        try await with { server, writers in
            let room = try await server.room(writers)
            var elsewhere = try await Elsewhere(room, writers: writers)
            let known = Array(elsewhere.events.keys)
            let last = try #require(
                elsewhere.events.values.max { $0.depth < $1.depth }?.id)
            func message(_ text: String) throws -> Event {
                try elsewhere.make(TestRoom.message(text, by: server.member), after: [last], auth: known)
            }
            let (good, bad) = (try message("good"), try message("bad"))
            _ = try await writers.receive([good.json], in: room).events()
            let taken = try #require(try await stored(good.id, in: room, writers))
            #expect(!taken.isSoftFailed)
            #expect(taken.event.json["signatures"]?[server.name.rawValue]?[RoomPolicy.keyID] != nil)
            server.become(.refuses(status: 400, errcode: "M_FORBIDDEN"))
            _ = try await writers.receive([bad.json], in: room).events()
            #expect(try await stored(bad.id, in: room, writers)?.isSoftFailed == true)
            // One that comes with its signature needs no question.
            let asked = server.events.count
            let signed = try await writers.receive([taken.event.json], in: room).events()
            #expect(signed == [good.id] && server.events.count == asked)
        }
    }
}
