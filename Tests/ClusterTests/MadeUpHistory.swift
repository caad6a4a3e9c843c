import CanonicalJSON
import ClusterHarness
import Events
import Identifiers
import RoomRules
import Signing
import Testing

/// A small history in which everything is right: one room, three members, some messages.
///
/// Tests break it.
struct MadeUpHistory {
    static let start = ContinuousClock.now
    let fixture: RoomFixture
    let messages: [Event]
    let streams: [StreamName]
    var record = HistoryRecord()
    var stored = StoredCluster()

    init(messages count: Int = 4) throws {
        let server = try #require(ServerName("localhost"))
        let key = try SigningKey(keyID: "ed25519:test", seed: Array(repeating: 3, count: 32))
        let users = try (0..<3).map { try #require(UserID(localpart: "user\($0)", server: server)) }
        fixture = try RoomFixture(creator: users[0], others: Array(users[1...]), server: server, key: key)
        messages = try Self.messages(count, in: fixture, server, key)
        let device = try #require(DeviceID("D"))
        streams = users.map { StreamName(user: $0, device: device) }
        stored.key = VerificationKey(key.publicKey)
        stored.keyID = key.keyID
        store(fixture.events + messages)
        for stream in streams { record.entitlements[stream] = [fixture.room] }
        for (number, message) in messages.enumerated() {
            attempt(streams[0], "t\(number)", at: number, .accepted(message.id))
        }
        for stream in streams {
            step(stream, nil, "s0", [], at: 0)
            step(stream, "s0", "s1", messages.dropLast().map(\.id), at: count)
            step(stream, "s1", "s2", messages.suffix(1).map(\.id), at: count + 1)
        }
        record.sightings = [OwnerSighting(shard: fixture.shard, epoch: 1, owner: "a")]
    }

    var violations: [Violation] { HistoryChecker(record: record, stored: stored).violations() }

    mutating func attempt(_ stream: StreamName, _ transaction: String, at second: Int, _ outcome: Attempt.Outcome) {
        let startedAt = Self.start + .seconds(second)
        record.attempts.append(
            Attempt(
                stream, .send(fixture.room, transaction), from: startedAt, to: startedAt + .milliseconds(5),
                outcome: outcome))
    }

    mutating func step(_ stream: StreamName, _ since: String?, _ next: String, _ events: [EventID], at second: Int) {
        record.steps.append(
            SyncStep(
                stream: stream, since: since, next: next, events: events.map { (fixture.room, $0) },
                at: Self.start + .seconds(second)))
    }

    private mutating func store(_ events: [Event]) {
        stored.versions[fixture.room] = .default
        var tree = StateTree()
        var root: StateRootID?
        for (number, event) in events.enumerated() {
            let position = ShardSequence(Int64(number + 1))
            let before = root
            if let key = event.stateMapKey {
                tree[key] = event.id
                let next = StateRootID(shard: fixture.shard, number: Int64(number + 1))
                stored.roots[next] = StoredCluster.Root(
                    parent: root, entries: StateRootEncoding.encode([(key, event.id)]))
                root = next
            }
            stored.events[event.id] = StoredCluster.EventRow(
                event: event, room: fixture.room, position: position, stateBefore: before, stateAfter: root)
            stored.log.append(StoredCluster.LogRow(shard: fixture.shard, sequence: position, epoch: 1))
        }
        stored.currentState[fixture.room] = tree.dictionary
        stored.heads[fixture.shard] = StoredCluster.Head(epoch: 1, sequence: ShardSequence(Int64(events.count)))
    }

    private static func messages(
        _ count: Int, in fixture: RoomFixture, _ server: ServerName, _ key: SigningKey
    ) throws -> [Event] {
        let builder = EventBuilder(rules: RoomVersion.default.rules, server: server, key: key)
        var state: [StateMapKey: Event] = [:]
        for event in fixture.events { if let key = event.stateMapKey { state[key] = event } }
        var messages: [Event] = []
        for number in 0..<count {
            let keys = authEventKeys(
                for: "m.room.message", stateKey: nil, sender: fixture.creator, content: [:], rules: builder.rules)
            messages.append(
                try builder.build(
                    room: fixture.room, type: "m.room.message", stateKey: nil, sender: fixture.creator,
                    content: ["body": .string("\(number)")], prev: (fixture.events + messages).suffix(1),
                    auth: keys.compactMap { state[$0] }, originServerTS: Timestamp(milliseconds: Int64(number))))
        }
        return messages
    }
}
