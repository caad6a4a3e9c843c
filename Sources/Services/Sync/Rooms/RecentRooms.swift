import Events
import Identifiers
import Metrics
import RoomReading
import RoomRules
import Storage
import Synchronization

// A message wakes everybody in its room at once, and all want the same few events. So the recent part of each room that
// somebody looks at is kept, continued from the database when the cut has moved on, by one reading for all who wait. A run
// never changes for a given range of positions; only a redaction changes how older events look, and then the run starts
// anew behind it.

/// The recent parts of rooms, read once for all polls of the worker.
final class RecentRooms: Sendable {
    /// The most bytes kept, about.
    static let bytesMax = 128 << 20

    private struct Kept {
        var run: RoomRun
        var bytes: Int
        var usedAt: UInt64
    }

    private struct State {
        var kept: [RoomID: Kept] = [:]
        var bytes = 0
        var uses: UInt64 = 0
        var reading: [RoomID: Task<RoomRun, any Error>] = [:]
    }

    private let events: EventStore
    private let served: ServedEvents
    private let deltas: StateDeltaStore
    private let bytesMax: Int
    private let state = Mutex(State())
    private let readings = Counter(label: "apus_sync_room_readings_total")

    init(
        events: EventStore, served: ServedEvents, deltas: StateDeltaStore, bytesMax: Int = RecentRooms.bytesMax
    ) {
        self.events = events
        self.deltas = deltas
        self.bytesMax = bytesMax
        self.served = served
    }

    /// Bytes kept now, about.
    var byteCount: Int { state.withLock { $0.bytes } }

    /// The recent part of `room`, complete up to `upTo` at least, beginning at `after` or wherever its bounds let it.
    func run(of room: UserRoom, after: ShardSequence, upTo: ShardSequence) async throws -> RoomRun {
        while true {
            let (known, reading, isOwn) = state.withLock { state -> (RoomRun?, Task<RoomRun, any Error>?, Bool) in
                let kept = state.kept[room.room]
                if let kept, kept.run.end >= upTo {
                    state.uses += 1
                    state.kept[room.room]?.usedAt = state.uses
                    return (kept.run, nil, false)
                }
                if let reading = state.reading[room.room] { return (nil, reading, false) }
                let reading = Task { try await self.read(room, continuing: kept?.run, after: after, upTo: upTo) }
                state.reading[room.room] = reading
                return (nil, reading, true)
            }
            if let known { return known }
            guard let reading else { continue }
            // Somebody else's reading may not go as far as this caller wants, or fail for reasons of its own.
            if isOwn { return try await reading.value }
            _ = await reading.result
        }
    }

    /// State events of `room` by their IDs, as they look at `run`; from memory where they are.
    func stateEvents(
        _ ids: [EventID], of room: UserRoom, in run: RoomRun
    ) async throws -> [EventID: PreparedEvent] {
        var found: [EventID: PreparedEvent] = [:]
        let recent = Dictionary(run.events.map { ($0.stored.event.id, $0) }, uniquingKeysWith: { $1 })
        let kept = state.withLock { $0.kept[room.room]?.run.stateEvents ?? [:] }
        for id in ids { found[id] = recent[id] ?? kept[id] }
        let missing = Array(Set(ids.filter { found[$0] == nil }))
        for start in stride(from: 0, to: missing.count, by: EventStore.eventsMax) {
            let part = Array(missing[start..<min(start + EventStore.eventsMax, missing.count)])
            let stored = try await events.events(part, of: room.room, rules: room.placement.version.rules)
            let prepared = try await served.prepare(
                Array(stored.values), of: room.room, rules: room.placement.version.rules, includesRoom: false,
                isState: true)
            for event in prepared { found[event.stored.event.id] = event }
            if missing.count <= RoomRun.stateEventsMax / 4 { keep(prepared, of: room.room, in: run) }
        }
        return found
    }

    // MARK: Reading

    private func read(
        _ room: UserRoom, continuing known: RoomRun?, after: ShardSequence, upTo: ShardSequence
    ) async throws -> RoomRun {
        defer { state.withLock { $0.reading[room.room] = nil } }
        readings.increment()
        var run: RoomRun
        if let known, known.end >= after {
            run = try await continued(known, room, upTo: upTo)
        } else {
            run = try await fresh(room, after: after, upTo: upTo)
        }
        run.trim()
        state.withLock { state in
            state.uses += 1
            put(Kept(run: run, bytes: run.byteCount, usedAt: state.uses), room.room, &state)
        }
        return run
    }

    private func fresh(_ room: UserRoom, after: ShardSequence, upTo: ShardSequence) async throws -> RoomRun {
        let limit = RoomRun.eventsMax
        let rules = room.placement.version.rules
        let page = try await events.page(
            of: room.room, after: after, upTo: upTo, direction: .backward, limit: limit + 1, rules: rules)
        let pageStart = page.count > limit ? page[limit].position : after
        let changes = try await deltas.newest(
            of: room.room, after: pageStart, upTo: upTo, limit: RoomRun.changesMax + 1)
        let start =
            changes.count > RoomRun.changesMax ? max(pageStart, changes[RoomRun.changesMax].position) : pageStart
        let kept = page.filter { $0.position > start }
        async let roots = deltas.roots(of: [(room.room, start, start)])
        let prepared = try await served.prepare(
            kept.reversed(), of: room.room, rules: rules, includesRoom: false)
        return RoomRun(
            start: start, end: upTo, events: prepared,
            changes: changes.filter { $0.position > start }.reversed(), rootAtStart: try await roots[room.room]?.first,
            number: state.withLock { state in
                state.uses += 1
                return state.uses
            })
    }

    private func continued(_ known: RoomRun, _ room: UserRoom, upTo: ShardSequence) async throws -> RoomRun {
        let next = try await fresh(room, after: known.end, upTo: upTo)
        // A gap, or something that changes how older events look: the old run is of no use.
        guard next.start == known.end else { return next }
        if next.events.contains(where: { $0.stored.event.redacts != nil }) { return next }
        var run = known
        run.end = upTo
        run.events += next.events
        run.changes += next.changes
        // What was kept beside the run while this was read.
        run.stateEvents = state.withLock { state in
            guard let kept = state.kept[room.room]?.run, kept.number == known.number else { return known.stateEvents }
            return kept.stateEvents
        }
        return run
    }

    // MARK: Keeping

    private func keep(_ prepared: [PreparedEvent], of room: RoomID, in run: RoomRun) {
        state.withLock { state in
            // A run that starts anew saw a redaction; what was read before it may look otherwise now.
            guard var kept = state.kept[room], kept.run.number == run.number else { return }
            for event in prepared { kept.run.stateEvents[event.stored.event.id] = event }
            kept.run.trim()
            kept.bytes = kept.run.byteCount
            put(kept, room, &state)
        }
    }

    private func put(_ kept: Kept, _ room: RoomID, _ state: inout State) {
        if let old = state.kept.updateValue(kept, forKey: room) { state.bytes -= old.bytes }
        state.bytes += kept.bytes
        guard state.bytes > bytesMax else { return }
        let goal = bytesMax / 4 * 3
        for (room, kept) in state.kept.sorted(by: { $0.value.usedAt < $1.value.usedAt }) {
            guard state.bytes > goal, state.kept.count > 1 else { break }
            state.kept[room] = nil
            state.bytes -= kept.bytes
        }
    }
}
