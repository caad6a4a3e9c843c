import Identifiers
import Logging
import Postgres
import ReplicationLog
import Storage

// What is to be pushed follows from the log, in order, and is written down together with the position: a worker that dies
// leaves its successor no gap, and nothing to find twice.

/// Goes through the log for one part of the users, and writes down what their pushers are to be told.
struct PartFollower: Sendable {
    /// How often it is looked whether the tail has moved.
    static let tick = Duration.milliseconds(50)
    /// How long it is waited after a failure.
    static let pause = Duration.seconds(1)
    /// Entries of a shard gone through in one step.
    static let entriesMax: Int64 = 1_000
    /// How often the position is written when nothing was to be pushed.
    static let positionInterval = Duration.seconds(1)
    /// How often all pushers are read again: those that are gone say nothing of it.
    static let reloadInterval = Duration.seconds(300)

    let tail: LogTail
    let work: PushWorkStore
    let memberships: UserMembershipStore
    let accountData: AccountDataStore
    let judge: PushJudge
    let database: any PostgresQuerying
    let logger: Logger

    /// Follows until it is somebody else's, or cancelled.
    func follow(_ part: Int16, while isOwned: @Sendable () -> Bool) async {
        while isOwned(), !Task.isCancelled {
            do {
                try await follow(part, isOwned)
            } catch {
                logger.warning("pushes wait", metadata: ["part": "\(part)", "error": "\(error)"])
                // Cancellation ends the wait and with it the loop.
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    private static func consumer(_ part: Int16) -> String { "push/\(part)" }

    private func follow(_ part: Int16, _ isOwned: @Sendable () -> Bool) async throws {
        guard var position = try await start(part) else { return try await Task.sleep(for: Self.tick) }
        var stored = position
        var audience = PushAudience(part: part, work: work, memberships: memberships, accountData: accountData)
        var (storedAt, loadedAt) = (ContinuousClock.now, ContinuousClock.now)
        while isOwned(), !Task.isCancelled {
            guard let current = tail.current, current != position else {
                try await Task.sleep(for: Self.tick)
                continue
            }
            // After the tail's history has changed it is begun anew, from what survived.
            guard current.generation == position.generation else { return }
            if loadedAt.duration(to: .now) > Self.reloadInterval {
                audience = PushAudience(part: part, work: work, memberships: memberships, accountData: accountData)
                loadedAt = .now
            }
            let next = Self.step(from: position, to: current)
            let deliveries = try await step(&audience, from: position, to: next)
            position = next
            if !deliveries.isEmpty || storedAt.duration(to: .now) > Self.positionInterval {
                try await store(position, after: stored, deliveries, part)
                (stored, storedAt) = (position, .now)
            }
        }
        try await store(position, after: stored, [], part)
    }

    /// Where the log was left; the tail's place for a part that nobody has followed yet.
    private func start(_ part: Int16) async throws -> Cut? {
        guard let current = tail.current else { return nil }
        let stored = try await ConsumerPositions(consumer: Self.consumer(part), database: database).load()
        let known = Cut(
            generation: current.generation, positions: current.shards.map { stored[$0] ?? current[$0] })
        let position = known.clamped(to: current)
        let missing = current.shards.filter { stored[$0] == nil }.map { ($0, position[$0]) }
        try await work.advance(Self.consumer(part), to: missing, generation: current.generation)
        return position
    }

    private func store(
        _ position: Cut, after former: Cut, _ deliveries: [PushDelivery], _ part: Int16
    ) async throws {
        let moved = position.shards.filter { position[$0] != former[$0] }.map { ($0, position[$0]) }
        guard !deliveries.isEmpty else {
            return try await work.advance(Self.consumer(part), to: moved, generation: position.generation)
        }
        try await work.add(deliveries, of: Self.consumer(part), at: moved, generation: position.generation)
    }

    private static func step(from: Cut, to: Cut) -> Cut {
        Cut(
            generation: to.generation,
            positions: to.shards.map { shard in
                min(to[shard], max(from[shard], ShardSequence(from[shard].value + entriesMax)))
            })
    }

    private func step(_ audience: inout PushAudience, from: Cut, to: Cut) async throws -> [PushDelivery] {
        let log = try await tail.changes(after: from, upTo: to)
        // What is older than the log is no news.
        try await audience.refresh(at: to, after: log)
        let badges = try await badges(for: audience.receipts(in: log.entries), audience)
        let events = audience.events(in: log.entries)
        guard !events.isEmpty else { return badges }
        return try await judge.deliveries(for: events, audience: &audience) + badges
    }

    /// What tells those who have read something how much is left, one for each pusher.
    private func badges(
        for receipts: [ByteOrderedText: [ShardSequence]], _ audience: PushAudience
    ) async throws -> [PushDelivery] {
        var badges: [Int64: PushDelivery] = [:]
        for (key, positions) in receipts {
            guard let room = RoomID(key.string) else { continue }
            for (user, position) in try await work.readers(of: room, at: positions) {
                for pusher in audience.badged(of: user) {
                    badges[pusher] = PushDelivery(
                        pusher: pusher, room: room, position: position, event: nil, tweaks: [:])
                }
            }
        }
        return Array(badges.values)
    }
}
