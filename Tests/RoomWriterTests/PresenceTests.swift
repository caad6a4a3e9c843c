import Identifiers
import RoomWriter
import Storage
import TestSupport
import Testing
import WorkerContracts

/// What is made of what is seen of users' devices.
@Suite(.timeLimit(.minutes(2)))
struct PresenceTests {
    private static let start = ContinuousClock.now

    private func report(
        _ state: PresenceState, _ origin: PresenceReport.Origin = .sync, of name: String = "alice",
        device: String = "D", status: String? = nil, activeAgo: Duration? = nil
    ) throws -> PresenceReport {
        PresenceReport(
            user: try user(name), device: try #require(DeviceID(device)), origin: origin, state: state, status: status,
            activeAgo: activeAgo)
    }

    @Test func whoComesIsActiveThenIdleAndWhoStopsPollingIsOffline() throws {
        var person = PersonPresence()
        #expect(person.shown(at: Self.start) == .offline)
        person.take(try report(.online), at: Self.start)
        #expect(person.shown(at: Self.start) == .init(state: .online, isCurrentlyActive: true, status: nil))
        // Polling goes on and does nothing.
        for seconds in stride(from: 25, through: 600, by: 25) {
            person.take(try report(.online), at: Self.start + .seconds(seconds))
        }
        #expect(person.shown(at: Self.start + .seconds(59)).isCurrentlyActive)
        #expect(
            person.shown(at: Self.start + .seconds(60)) == .init(state: .online, isCurrentlyActive: false, status: nil))
        #expect(person.shown(at: Self.start + .seconds(300)).state == .unavailable)
        // Who writes is back.
        let now = Self.start + .seconds(610)
        person.take(try report(.online, .activity), at: now)
        #expect(person.shown(at: now) == .init(state: .online, isCurrentlyActive: true, status: nil))
        #expect(person.nextChange(after: now) == now + PersonPresence.currentFor)
        #expect(person.shown(at: Self.start + .seconds(689)).state == .online)
        #expect(person.shown(at: Self.start + .seconds(690)).state == .offline)
    }

    @Test func devicesAddUpAndWhoWantsToBeOfflineIs() throws {
        var person = PersonPresence()
        person.take(try report(.unavailable), at: Self.start)
        #expect(person.shown(at: Self.start).state == .unavailable)
        person.take(try report(.online, .request, device: "E", status: "busy"), at: Self.start)
        #expect(person.shown(at: Self.start) == .init(state: .online, isCurrentlyActive: true, status: "busy"))
        person.take(try report(.offline, .request, device: "E", status: "gone"), at: Self.start)
        #expect(person.shown(at: Self.start) == .init(state: .unavailable, isCurrentlyActive: false, status: "gone"))
        person.take(try report(.offline, .request), at: Self.start)
        #expect(person.shown(at: Self.start) == .offline)
        // A message sent meanwhile gives nobody away.
        person.take(try report(.online, .activity), at: Self.start)
        #expect(person.shown(at: Self.start).state == .offline)
    }

    @Test func whatWasSeenBeforeTheUserSaidSomethingDoesNotTakeItBack() throws {
        var person = PersonPresence()
        person.take(try report(.unavailable, .request, status: "away"), at: Self.start)
        let late = Self.start + PersonPresence.reportsLateMax
        person.take(try report(.online), at: late - .milliseconds(1))
        person.take(try report(.online, .activity), at: late - .milliseconds(1))
        #expect(person.shown(at: late) == .init(state: .unavailable, isCurrentlyActive: false, status: "away"))
        person.take(try report(.online), at: late)
        #expect(person.shown(at: late) == .init(state: .online, isCurrentlyActive: true, status: "away"))
    }

    @Test func newOwnerGoesOnFromWhatIsReported() throws {
        var person = PersonPresence()
        person.take(try report(.online, status: "here", activeAgo: .seconds(200)), at: Self.start)
        #expect(person.shown(at: Self.start) == .init(state: .online, isCurrentlyActive: false, status: "here"))
        // Another device that goes on changes nothing.
        person.take(try report(.online, device: "E", activeAgo: .seconds(200)), at: Self.start)
        #expect(!person.shown(at: Self.start).isCurrentlyActive)
        #expect(person.shown(at: Self.start + .seconds(89)).state == .online)
        person.take(try report(.online, device: "F"), at: Self.start)
        #expect(person.shown(at: Self.start).isCurrentlyActive)
    }

    @Test func devicesAreBounded() throws {
        var person = PersonPresence()
        for number in 0..<PersonPresence.devicesMax {
            person.take(try report(.unavailable, device: "D\(number)"), at: Self.start)
        }
        person.take(try report(.online, device: "more"), at: Self.start)
        #expect(person.shown(at: Self.start).state == .unavailable)
        // Those that are gone make room.
        let later = Self.start + PersonPresence.connectedFor
        person.take(try report(.online, device: "more"), at: later)
        #expect(person.shown(at: later).state == .online)
    }

    @Test func flappingCostsOthersLittle() async throws {
        try await withBoard { board, listener, _ in
            for round in 0..<50 {
                let state: PresenceState = round % 2 == 0 ? .online : .offline
                #expect(board.take([try report(state, .request)], of: ShardID(1), at: Self.start))
                if round < 5 { #expect(try await listener.presence().map(\.state) == [state]) }
            }
            // The last state is told when it is time.
            board.advance(to: Self.start + .seconds(4))
            _ = board.take([try report(.online, .request, of: "bob")], of: ShardID(1), at: Self.start)
            #expect(try await listener.presence().map(\.user) == [try user("bob")])
            _ = board.take([try report(.unavailable, .request)], of: ShardID(1), at: Self.start + .seconds(4))
            board.advance(to: Self.start + .seconds(5))
            #expect(try await listener.presence().map(\.state) == [.unavailable])
        }
    }

    @Test func timeIsToldAndAReleasedShardToo() async throws {
        try await withBoard { board, listener, hub in
            _ = board.take([try report(.online)], of: ShardID(1), at: Self.start)
            #expect(try await listener.presence().map(\.isCurrentlyActive) == [true])
            board.advance(to: Self.start + .seconds(61))
            #expect(try await listener.presence().map(\.isCurrentlyActive) == [false])
            board.advance(to: Self.start + .seconds(91))
            #expect(try await listener.presence().map(\.state) == [.offline])
            _ = board.take([try report(.online)], of: ShardID(1), at: Self.start + .seconds(100))
            _ = try await listener.presence()
            board.drop(ShardID(1))
            #expect(await listener.next() == [.presenceReleased(ShardID(1))])
            _ = hub
        }
    }

    @Test func onlyTheHourOfTheLastActivityIsStored() async throws {
        try await TestDatabase.with { test in
            let alice = try user("alice")
            try await test.database.query(
                "INSERT INTO account (user_id, shard, created_at_ms) VALUES ($1, 1, 0)", alice.rawValue)
            let store = UserActivityStore(database: test.database)
            let board = PresenceBoard(boot: "b", hub: FeedHub(), store: store, logger: .silent)
            let now = ContinuousClock.now
            _ = board.take([try report(.online)], of: ShardID(1), at: now)
            try await board.storeActivity(at: now + .seconds(100))
            let ago = try #require(try await store.activeAgo(alice))
            #expect(ago >= .seconds(100) && ago < .seconds(200))
            _ = board.take([try report(.online, .activity)], of: ShardID(1), at: now + .seconds(50))
            try await board.storeActivity(at: now + .seconds(50))
            #expect(try #require(try await store.activeAgo(alice)) >= .seconds(100))
            _ = board.take([try report(.online, .request)], of: ShardID(1), at: now + .seconds(3_700))
            try await board.storeActivity(at: now + .seconds(3_700))
            #expect(try #require(try await store.activeAgo(alice)) < .seconds(60))
        }
    }

    @Test func nothingIsKnownWhenItIsOff() async throws {
        let hub = FeedHub()
        let board = PresenceBoard(boot: "b", hub: hub, store: nil, logger: .silent)
        let listener = FeedListener()
        _ = hub.add(listener)
        #expect(board.take([try report(.online)], of: ShardID(1)))
        hub.publish(.shardMoved(ShardID(7)))
        #expect(await listener.next() == [.shardMoved(ShardID(7))])
    }

    private func withBoard(_ body: (PresenceBoard, FeedListener, FeedHub) async throws -> Void) async throws {
        try await TestDatabase.with { test in
            let hub = FeedHub()
            let board = PresenceBoard(
                boot: "b", hub: hub, store: UserActivityStore(database: test.database), logger: .silent)
            let listener = FeedListener()
            _ = hub.add(listener)
            try await body(board, listener, hub)
        }
    }
}

extension FeedListener {
    /// What the feed says next about presence.
    fileprivate func presence() async throws -> [UserPresence] {
        while true {
            let presence = try #require(await next()).compactMap { message -> UserPresence? in
                if case .presence(let presence) = message { presence } else { nil }
            }
            if !presence.isEmpty { return presence }
        }
    }
}
