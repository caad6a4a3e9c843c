import CanonicalJSON
import Identifiers
import Synchronization
import TestSupport
import Testing
import WorkerContracts

/// Clients that poll while people talk, come and go; each entitled device sees everything once, in one order.
@Suite(.timeLimit(.minutes(15)))
struct ManyAtOnceTests {
    private static let rounds = 60

    /// What one client saw of each room.
    private final class Seen: Sendable {
        private let texts = Mutex<[RoomID: [String]]>([:])
        func add(_ synced: SyncedBody, of rooms: [RoomID]) {
            texts.withLock { texts in
                for room in rooms {
                    let events = synced.joined(room)?.events("timeline") ?? synced.left(room)?.events("timeline") ?? []
                    texts[room, default: []] += events.compactMap { $0["content"]?["body"]?.stringValue }
                }
            }
        }
        func of(_ room: RoomID) -> [String] { texts.withLock { $0[room] ?? [] } }
    }

    /// Polls, each time at another worker, until the last text has come.
    private func follow(
        _ world: SyncWorld, _ person: SyncWorld.Person, since: String, rooms: [RoomID], until last: String,
        into seen: Seen
    ) async throws {
        var since = since
        let filter: JSONObject = ["room": ["timeline": ["limit": 100]]]
        let workers = world.allWorkers
        var turn = 0
        while !rooms.allSatisfy({ seen.of($0).contains(last) }) {
            try Task.checkCancellation()
            let answer = try await world.ask(
                person, since: since, filter: filter, "timeout=2000", to: workers[turn % workers.count])
            #expect(answer.status == 200)
            let synced = SyncedBody(body: answer.body)
            seen.add(synced, of: rooms)
            since = synced.next
            turn += 1
        }
    }

    @Test(arguments: [LogMode.hinted, .feedOff, .logEmptied])
    func everybodySeesEverythingTheyAreEntitledTo(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            try await world.startWorker()
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let guest = try await world.person("guest")
            let second = try await world.device("SECOND", of: alice.id)
            var rooms: [RoomID] = []
            for _ in 0..<3 {
                rooms.append(try await world.room(by: alice, members: [bob, guest], visibility: "joined"))
            }
            try await world.settle()
            let clients = [alice, second, bob, guest]
            let seen = clients.map { _ in Seen() }
            var tokens: [String] = []
            for client in clients { tokens.append(try await world.sync(client).next) }
            var said: [RoomID: [String]] = [:]
            var missed: Set<String> = []
            try await withThrowingTaskGroup(of: Void.self) { [rooms, tokens] group in
                for (index, client) in clients.enumerated() {
                    group.addTask {
                        try await follow(
                            world, client, since: tokens[index], rooms: rooms, until: "last", into: seen[index])
                    }
                }
                var random = SeededRandom(seed: 11)
                var isIn = Set(rooms)
                for round in 0..<Self.rounds {
                    let room = try #require(rooms.randomElement(using: &random))
                    if Int.random(in: 0..<5, using: &random) == 0 {
                        try await world.setMembership(isIn.contains(room) ? "leave" : "join", of: guest, in: room)
                        isIn.formSymmetricDifference([room])
                    }
                    try await world.say("\(round)", by: round % 2 == 0 ? alice : bob, in: room)
                    said[room, default: []].append("\(round)")
                    if !isIn.contains(room) { missed.insert("\(round)") }
                }
                for room in rooms {
                    if !isIn.contains(room) { try await world.setMembership("join", of: guest, in: room) }
                    try await world.say("last", by: alice, in: room)
                    said[room, default: []].append("last")
                }
                try await group.waitForAll()
            }
            for room in rooms {
                for client in 0..<3 { #expect(seen[client].of(room) == said[room], "client \(client)") }
                let guests = Set(seen[3].of(room))
                #expect(guests.isDisjoint(with: missed))
                #expect(guests.isSuperset(of: Set(said[room] ?? []).subtracting(missed)))
            }
        }
    }
}
