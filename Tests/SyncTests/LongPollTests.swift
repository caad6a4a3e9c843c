import CanonicalJSON
import Identifiers
import Sync
import TestSupport
import Testing
import WorkerContracts

/// Polls that wait.
@Suite(.timeLimit(.minutes(15)))
struct LongPollTests {
    /// Starts a poll and waits until it is entered.
    private func park(
        _ world: SyncWorld, _ person: SyncWorld.Person, since: String, filter: JSONObject? = nil, timeout: Int = 40_000
    ) async throws -> Task<SyncWorld.Answer, any Error> {
        let parts = try world.worker.parts
        let before = parts.pollCount
        let poll = Task { try await world.ask(person, since: since, filter: filter, "timeout=\(timeout)") }
        try await waitUntil { parts.pollCount > before }
        return poll
    }

    /// What a poll is answered that waits while `action` happens.
    private func woken(
        _ world: SyncWorld, _ person: SyncWorld.Person, since: String, by action: () async throws -> Void
    ) async throws -> SyncedBody {
        let poll = try await park(world, person, since: since)
        try await action()
        return SyncedBody(body: try await poll.value.body)
    }

    @Test(arguments: [LogMode.hinted, .feedOff, .logEmptied]) func messageWakesThoseInItsRoom(mode: LogMode)
        async throws
    {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let other = try await world.room(by: bob)
            let since = try await world.sync(alice).next
            let poll = try await park(world, alice, since: since)
            try await world.say("elsewhere", by: bob, in: other)
            try await world.settle()
            #expect(try world.worker.parts.pollCount == 1)
            let began = ContinuousClock.now
            try await world.say("here", by: bob, in: room)
            let synced = SyncedBody(body: try await poll.value.body)
            #expect(synced.joined(room)?.timeline == ["here"])
            #expect(synced.rooms("join") == [room.rawValue])
            #expect(ContinuousClock.now - began < .seconds(20))
            #expect(try world.worker.parts.pollCount == 0)
        }
    }

    @Test(arguments: [LogMode.hinted, .feedOff, .logEmptied])
    func everythingAUserIsToldWakesThem(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let sent = try #require(try await world.say("x", by: alice, in: room).first)
            let next = try await world.room(by: alice)
            let since = try await world.sync(bob).next
            let told = try await woken(world, bob, since: since) {
                try await world.setAccountData("m.a", [:], of: bob)
            }
            #expect(told.accountData.count == 1)
            let sentTo = try await woken(world, bob, since: told.next) {
                try await world.sendToDevice(["x"], to: bob)
            }
            #expect(sentTo.toDevice.count == 1)
            let read = try await woken(world, bob, since: sentTo.next) {
                try await world.setReceipt(sent, by: alice, in: room)
            }
            #expect(read.joined(room)?.events("ephemeral").count == 1)
            let joined = try await woken(world, bob, since: read.next) {
                try await world.setMembership("join", of: bob, in: next)
            }
            #expect(joined.rooms("join") == [next.rawValue])
            // A room come into while waiting counts from then on.
            let heard = try await woken(world, bob, since: joined.next) {
                try await world.say("welcome", by: alice, in: next)
            }
            #expect(heard.joined(next)?.timeline == ["welcome"])
            let kicked = try await woken(world, bob, since: heard.next) {
                try await world.setMembership("leave", of: bob, by: alice, in: next)
            }
            #expect(kicked.rooms("leave") == [next.rawValue])
            let quiet = try await park(world, bob, since: kicked.next, timeout: 1_500)
            try await world.say("without you", by: alice, in: next)
            #expect(SyncedBody(body: try await quiet.value.body).isEmpty)
        }
    }

    @Test func typingWakes() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            let poll = try await park(world, alice, since: try await world.sync(alice).next)
            let typing = RoomTyping(room: room, users: [alice.id], boot: "b", counter: 1)
            try world.worker.parts.apply(.message(.typing(typing), writer: "w"))
            let synced = SyncedBody(body: try await poll.value.body)
            #expect(synced.joined(room)?.events("ephemeral").first?["type"] == "m.typing")
        }
    }

    @Test(arguments: LogMode.allCases) func pollEndsWithItsTimeout(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            let since = try await world.sync(alice).next
            let began = ContinuousClock.now
            let answer = try await world.ask(alice, since: since, "timeout=400")
            #expect(ContinuousClock.now - began >= .milliseconds(390))
            #expect(answer.status == 200)
            let synced = SyncedBody(body: answer.body)
            #expect(synced.isEmpty)
            try await world.say("next", by: alice, in: room)
            #expect(try await world.sync(alice, since: synced.next).joined(room)?.timeline == ["next"])
        }
    }

    @Test func whatAFilterHidesDoesNotEndAPoll() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            let filter: JSONObject = [
                "room": ["timeline": ["types": ["m.wanted"]], "state": ["types": ["m.wanted"]]]
            ]
            let poll = try await park(world, alice, since: try await world.sync(alice).next, filter: filter)
            try await world.say("unwanted", by: alice, in: room)
            try await world.settle()
            try await world.append(
                .init(type: "m.wanted", stateKey: nil, sender: alice.id, content: ["body": "yes"]), to: room)
            let synced = SyncedBody(body: try await poll.value.body)
            #expect(synced.joined(room)?.timeline == ["yes"])
        }
    }

    @Test func revokedTokenEndsAPollWithinASecond() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let other = try await world.device("OTHER", of: alice.id)
            try await world.room(by: alice)
            let since = try await world.sync(alice).next
            let poll = try await park(world, alice, since: since)
            let kept = try await park(world, other, since: since, timeout: 3_000)
            try await world.database.query("DELETE FROM access_token WHERE token_hash = $1", alice.token.hash)
            let revoked = ContinuousClock.now
            let answer = try await poll.value
            #expect(answer.status == 401)
            #expect(answer.errcode == "M_UNKNOWN_TOKEN")
            // A second is promised; the machine that tests may be slow.
            #expect(ContinuousClock.now - revoked < .seconds(2))
            #expect(try await kept.value.status == 200)
        }
    }

    @Test func expiredTokenEndsAPollSoftly() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let poll = try await park(world, alice, since: try await world.sync(alice).next)
            try await world.database.query("UPDATE access_token SET expires_at_ms = 1")
            let answer = try await poll.value
            #expect(answer.status == 401)
            #expect(answer.body["soft_logout"] == true)
        }
    }

    @Test func drainAnswersEveryPollWithItsPosition() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let room = try await world.room(by: alice)
            let since = try await world.sync(alice).next
            var polls: [Task<SyncWorld.Answer, any Error>] = []
            for _ in 0..<8 { polls.append(try await park(world, alice, since: since)) }
            let draining = try world.worker
            draining.listener.beginDraining()
            let began = ContinuousClock.now
            await draining.parts.drain(over: .milliseconds(400))
            var next: [String] = []
            for poll in polls {
                let answer = try await poll.value
                #expect(answer.status == 200)
                #expect(answer.response.head.header("connection") == "close")
                next.append(SyncedBody(body: answer.body).next)
            }
            #expect(ContinuousClock.now - began < .seconds(10))
            // Who comes now does not wait, and goes on at another worker.
            let late = try await world.ask(alice, since: since, "timeout=40000", to: draining)
            #expect(SyncedBody(body: late.body).isEmpty)
            try await world.startWorker()
            try await world.say("after", by: alice, in: room)
            for token in next { #expect(try await world.sync(alice, since: token).joined(room)?.timeline == ["after"]) }
        }
    }

    @Test func oldestPollOfAUserWithTooManyIsAnswered() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            let since = try await world.sync(alice).next
            var polls: [Task<SyncWorld.Answer, any Error>] = []
            for _ in 0..<SyncParts.pollsPerUserMax { polls.append(try await park(world, alice, since: since)) }
            let parts = try world.worker.parts
            let one = Task { try await world.ask(alice, since: since, "timeout=40000") }
            #expect(try await polls[0].value.status == 200)
            #expect(parts.pollCount == SyncParts.pollsPerUserMax)
            await parts.drain(over: .zero)
            for poll in polls + [one] { #expect(try await poll.value.status == 200) }
        }
    }
}
