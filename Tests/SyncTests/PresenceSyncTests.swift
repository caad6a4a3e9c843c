import CanonicalJSON
import Identifiers
import Sync
import TestSupport
import Testing
import WorkerContracts

/// Who is there, in syncs.
@Suite(.timeLimit(.minutes(10)))
struct PresenceSyncTests {
    private func presence(
        _ person: SyncWorld.Person, _ state: PresenceState, _ counter: Int64, boot: String = "b", status: String? = nil
    ) -> FeedEvent {
        .message(
            .presence(
                UserPresence(
                    user: person.id, shard: person.shard, state: state, isCurrentlyActive: state == .online,
                    activeAgo: .seconds(3), status: status, boot: boot, counter: counter)), writer: "w")
    }

    @Test func presenceIsToldToThoseWhoShareARoom() async throws {
        try await SyncWorld.with { world in
            let (alice, bob, carol) = (
                try await world.person("alice"), try await world.person("bob"), try await world.person("carol")
            )
            try await world.room(by: alice, members: [bob])
            try await world.room(by: carol)
            let first = try await world.sync(alice).next
            let others = try await world.sync(carol).next
            async let polled = world.ask(alice, since: first, "timeout=30000")
            try world.worker.parts.apply(presence(bob, .online, 1, status: "here"))
            var synced = SyncedBody(body: try await polled.body)
            #expect(synced.presence.map { $0["sender"] } == [.string(bob.id.rawValue)])
            let content = try #require(synced.presence.first?["content"])
            #expect(content["presence"] == "online" && content["currently_active"] == true)
            #expect(content["status_msg"] == "here" && content["last_active_ago"]?.intValue ?? 0 >= 3_000)
            let since = synced.next
            #expect(try await world.sync(alice, since: since).presence.isEmpty)
            #expect(try await world.sync(carol, since: others).presence.isEmpty)
            #expect(try await world.sync(carol).presence.isEmpty)
            // The same again, or something older, is no news.
            try world.worker.parts.apply(presence(bob, .online, 3, status: "here"))
            try world.worker.parts.apply(presence(bob, .offline, 2))
            try world.worker.parts.apply(presence(bob, .unavailable, 4))
            try await waitUntil {
                synced = try await world.sync(alice, since: since)
                return !synced.presence.isEmpty
            }
            #expect(synced.presence.map { $0["content"]?["presence"] } == ["unavailable"])
            // Somebody new hears of it too, and whoever does not want to does not.
            #expect(try await world.sync(bob).presence.map { $0["sender"] } == [.string(bob.id.rawValue)])
            #expect(try await world.sync(alice, filter: ["presence": ["types": []]]).presence.isEmpty)
            #expect(
                try await world.sync(
                    alice, filter: ["presence": ["not_senders": [.string(bob.id.rawValue)]]]
                ).presence.isEmpty)
        }
    }

    @Test func presenceIsToldAgainByAnotherWorkerAndEndsUnlessConfirmed() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            try await world.room(by: alice, members: [bob])
            try world.worker.parts.apply(presence(bob, .online, 1))
            try await waitUntil { try await !world.sync(alice).presence.isEmpty }
            let since = try await world.sync(alice).next
            try await world.startWorker()
            try world.worker.parts.apply(presence(bob, .unavailable, 2))
            var synced = try await world.sync(alice, since: since)
            try await waitUntil {
                if synced.presence.map({ $0["content"]?["presence"] }) == ["unavailable"] { return true }
                synced = try await world.sync(alice, since: synced.next)
                return false
            }
            try await waitUntil {
                synced = try await world.sync(alice, since: synced.next)
                return synced.presence.isEmpty
            }
        }
    }

    @Test func whoComesIntoARoomIsSeenThere() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice)
            try world.worker.parts.apply(presence(alice, .online, 1))
            try world.worker.parts.apply(presence(bob, .online, 2))
            try await waitUntil {
                let counts = [try await world.sync(alice).presence.count, try await world.sync(bob).presence.count]
                return counts == [1, 1]
            }
            var sinces = [try await world.sync(alice).next, try await world.sync(bob).next]
            try await world.setMembership("join", of: bob, in: room)
            for (index, (person, other)) in [(alice, bob), (bob, alice)].enumerated() {
                try await waitUntil {
                    let synced = try await world.sync(person, since: sinces[index])
                    sinces[index] = synced.next
                    return synced.presence.contains { $0["sender"] == .string(other.id.rawValue) }
                }
                // Whoever comes anew hears of them as well.
                try await waitUntil {
                    try await world.sync(person).presence.contains { $0["sender"] == .string(other.id.rawValue) }
                }
            }
        }
    }

    @Test func pollsAreReportedAndSeenByOthers() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            try await world.room(by: alice, members: [bob])
            let follower = world.followFeed()
            defer { follower.cancel() }
            _ = try await world.ask(alice, "set_presence=offline")
            _ = try await world.ask(bob)
            try await waitUntil {
                try await world.sync(alice, "set_presence=offline").presence
                    .contains { $0["sender"] == .string(bob.id.rawValue) && $0["content"]?["presence"] == "online" }
            }
            let path = "/_matrix/client/v3/presence/\(bob.id.rawValue)/status"
            let seen = try await world.call(path, token: alice.token.text)
            #expect(seen.status == 200 && seen.body["presence"] == "online")
            // Who does not want to be seen is not.
            let hidden = "/_matrix/client/v3/presence/\(alice.id.rawValue)/status"
            let own = try await world.call(hidden, token: bob.token.text)
            #expect(own.status == 200 && own.body == ["presence": "offline"])
        }
    }

    @Test func presenceCanBeOff() async throws {
        try await SyncWorld.with(.init(isPresenceOn: false)) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            try await world.room(by: alice, members: [bob])
            try world.worker.parts.apply(presence(bob, .online, 1))
            #expect(try await world.sync(alice).presence.isEmpty)
            let path = "/_matrix/client/v3/presence/\(bob.id.rawValue)/status"
            #expect(try await world.call(path, token: alice.token.text).body == ["presence": "offline"])
        }
    }

    @Test func whatIsSaidOfUsersEndsWithTheirWriter() throws {
        let board = PresenceBoard(boot: 7)
        let (start, user) = (ContinuousClock.now, try #require(UserID("@a:x")))
        func said(_ counter: Int64, boot: String = "b") -> FeedMessage {
            .presence(
                UserPresence(
                    user: user, shard: ShardID(3), state: .online, isCurrentlyActive: true, activeAgo: nil, status: nil,
                    boot: boot, counter: counter))
        }
        board.apply(.message(said(1), writer: "w"), at: start)
        board.apply(.message(.presenceReleased(ShardID(3)), writer: "w"), at: start)
        board.expire(at: start + .seconds(89))
        #expect(board.seen(user)?.presence.state == .online)
        // The successor confirms it.
        board.apply(.message(said(1, boot: "c"), writer: "v"), at: start + .seconds(80))
        board.expire(at: start + .seconds(200))
        #expect(board.seen(user)?.presence.state == .online)
        board.apply(.disconnected(writer: "v"), at: start + .seconds(200))
        board.expire(at: start + .seconds(291))
        #expect(board.seen(user)?.presence.state == .offline)
        board.expire(at: start + .seconds(4_000))
        #expect(board.seen(user) == nil)
    }
}
