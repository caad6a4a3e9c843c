import Identifiers
import MatrixHTTP
import Metrics
import ReplicationLog
import Synchronization

// Thousands of polls wait, and most of what happens concerns few of them. So each user who waits is entered under the rooms
// they are in, and an entry of the log finds those to wake by its key alone. A user stays entered for a while after their
// last poll: the next one comes at once as a rule, and finds nothing to do.
//
// A poll is entered before its request looks at the tail's cut; what the tail brings afterwards wakes it, whether it has
// parked by then or not. Time-outs and token checks go through all polls in one task, not one timer each.

/// The polls that wait, found by what they wait for.
final class ParkedPolls: Sendable {
    /// How exactly time-outs are kept.
    static let tick = Duration.milliseconds(100)
    /// How long a user stays entered without a poll.
    static let lingerMax = Duration.seconds(60)
    /// How often users who linger are looked through.
    private static let ticksPerTidying = 50
    /// How long a user who was woken by somebody's presence is not woken by any again.
    static let presenceInterval = Duration.seconds(5)
    /// Users woken by presence at once; others are woken at the next look.
    static let presenceWakesMax = 1_000
    /// The most polls of one user; the oldest are answered when there are more.
    static let pollsPerUserMax = 50

    private struct Watch {
        var rooms: UserRooms
        var polls: [UInt64: Poll] = [:]
        /// When the last poll ended.
        var idleSince: ContinuousClock.Instant?
        /// When they were last woken by somebody's presence.
        var presenceAt: ContinuousClock.Instant?
    }

    private struct State {
        var users: [ByteOrderedText: Watch] = [:]
        var byRoom: [ByteOrderedText: Set<ByteOrderedText>] = [:]
        /// Users to be woken by presence once it is their turn.
        var presenceDue: Set<ByteOrderedText> = []
        var deadlines: [Int64: [UInt64: Poll]] = [:]
        var lastTick: Int64 = 0
        var expirations = 0
        var count = 0
        var nextNumber: UInt64 = 0
        var isDraining = false
    }

    private let started = ContinuousClock.now
    private let state = Mutex(State())
    private let parkedGauge = Gauge(label: "apus_sync_parked_polls")
    private let byLog = Counter(label: "apus_sync_wakeups_total", dimensions: [("by", "log")])
    private let byFeed = Counter(label: "apus_sync_wakeups_total", dimensions: [("by", "feed")])
    private let byTimeout = Counter(label: "apus_sync_wakeups_total", dimensions: [("by", "timeout")])

    init() {}

    /// Polls entered now.
    var count: Int { state.withLock { $0.count } }
    /// Users entered now, with or without polls.
    var userCount: Int { state.withLock { $0.users.count } }
    var isDraining: Bool { state.withLock { $0.isDraining } }

    // MARK: Entering and leaving

    /// Enters a poll of `user`, from now on found by what happens; to be left with ``leave(_:)``.
    func enter(_ rooms: UserRooms, token: AccessToken, until deadline: ContinuousClock.Instant) -> Poll {
        let tick = tick(of: deadline)
        let (poll, surplus) = state.withLock { state -> (Poll, Poll?) in
            state.nextNumber += 1
            let poll = Poll(
                number: state.nextNumber, user: rooms.user, token: token, tick: max(tick, state.lastTick + 1))
            Self.watch(rooms, &state)
            state.users[rooms.user.text]?.polls[poll.number] = poll
            state.users[rooms.user.text]?.idleSince = nil
            state.count += 1
            state.deadlines[poll.tick, default: [:]][poll.number] = poll
            let polls = state.users[rooms.user.text]?.polls ?? [:]
            let surplus = polls.count > Self.pollsPerUserMax ? polls.keys.min().flatMap { polls[$0] } : nil
            return (poll, surplus)
        }
        surplus?.signal(.timeout)
        return poll
    }

    /// The user's rooms are others by now.
    func update(_ rooms: UserRooms) {
        state.withLock { state in
            if state.users[rooms.user.text] != nil { Self.watch(rooms, &state) }
        }
    }

    func leave(_ poll: Poll) {
        state.withLock { state in
            guard state.users[poll.user.text]?.polls.removeValue(forKey: poll.number) != nil else { return }
            state.count -= 1
            state.deadlines[poll.tick]?[poll.number] = nil
            if state.users[poll.user.text]?.polls.isEmpty ?? false { state.users[poll.user.text]?.idleSince = .now }
        }
    }

    private static func watch(_ rooms: UserRooms, _ state: inout State) {
        let key = rooms.user.text
        guard let known = state.users[key] else {
            state.users[key] = Watch(rooms: rooms)
            for room in rooms.joined { state.byRoom[room.room.text, default: []].insert(key) }
            return
        }
        guard known.rooms !== rooms else { return }
        for room in known.rooms.joined where !rooms.isJoined(room.room.text) { drop(key, from: room.room.text, &state) }
        for room in rooms.joined where !known.rooms.isJoined(room.room.text) {
            state.byRoom[room.room.text, default: []].insert(key)
        }
        state.users[key]?.rooms = rooms
    }

    private static func drop(_ user: ByteOrderedText, from room: ByteOrderedText, _ state: inout State) {
        state.byRoom[room]?.remove(user)
        if state.byRoom[room]?.isEmpty ?? false { state.byRoom[room] = nil }
    }

    // MARK: Waking

    /// The tail has moved.
    func apply(_ update: TailUpdate) {
        let polls = state.withLock { state -> [Poll] in
            // The log does not say what happened: everybody has to look.
            guard update.unexplained.isEmpty else { return state.users.values.flatMap { $0.polls.values } }
            var users: Set<ByteOrderedText> = []
            for entry in update.entries {
                switch entry.kind {
                case .event, .stateChange, .receipt: users.formUnion(state.byRoom[entry.key] ?? [])
                // Others to whom a change of devices matters are found by DeviceListPlacer.
                case .membership, .accountData, .toDevice, .deviceList, .oneTimeKeys, .signatures:
                    users.insert(entry.key)
                case .forgotten: break
                }
            }
            return users.flatMap { state.users[$0]?.polls.values.map { $0 } ?? [] }
        }
        for poll in polls where poll.signal(.changed) { byLog.increment() }
    }

    /// Typing changed in `rooms`.
    func applyTyping(in rooms: [RoomID]) {
        for poll in polls(in: rooms) where poll.signal(.changed) { byFeed.increment() }
    }

    /// Devices or keys changed of somebody who is in `rooms`.
    func applyDeviceLists(in rooms: [RoomID]) {
        for poll in polls(in: rooms) where poll.signal(.changed) { byLog.increment() }
    }

    /// Something happened that may concern anybody.
    func wakeAll() {
        for poll in polls where poll.signal(.changed) { byLog.increment() }
    }

    private func polls(in rooms: [RoomID]) -> [Poll] {
        guard !rooms.isEmpty else { return [] }
        return state.withLock { state in
            let users = rooms.reduce(into: Set<ByteOrderedText>()) { $0.formUnion(state.byRoom[$1.text] ?? []) }
            return users.flatMap { state.users[$0]?.polls.values.map { $0 } ?? [] }
        }
    }

    /// Presence changed of users who are in `rooms`; to be called again and again, also without rooms, since not all may
    /// be woken at once.
    func applyPresence(in rooms: Set<RoomID>, at now: ContinuousClock.Instant = .now) {
        let polls = state.withLock { state -> [Poll] in
            for room in rooms { state.presenceDue.formUnion(state.byRoom[room.text] ?? []) }
            var done: [ByteOrderedText] = []
            var polls: [Poll] = []
            for key in state.presenceDue where done.count < Self.presenceWakesMax {
                guard let watch = state.users[key] else {
                    done.append(key)
                    continue
                }
                if let last = watch.presenceAt, now - last < Self.presenceInterval { continue }
                done.append(key)
                state.users[key]?.presenceAt = now
                polls += watch.polls.values
            }
            state.presenceDue.subtract(done)
            return polls
        }
        for poll in polls where poll.signal(.changed) { byFeed.increment() }
    }

    // MARK: Time

    private func tick(of instant: ContinuousClock.Instant) -> Int64 {
        (instant - started).milliseconds / Self.tick.milliseconds + 1
    }

    /// Answers those whose time is up, and forgets users who have not polled for long; to be called every ``tick``.
    func expire(at now: ContinuousClock.Instant = .now) {
        let last = tick(of: now) - 1
        let due = state.withLock { state -> [Poll] in
            guard last > state.lastTick else { return [] }
            let ticks = state.deadlines.keys.filter { $0 <= last }
            state.lastTick = last
            let due = ticks.flatMap { state.deadlines.removeValue(forKey: $0).map { Array($0.values) } ?? [] }
            state.expirations += 1
            if state.expirations % Self.ticksPerTidying == 0 { Self.forgetIdle(at: now, &state) }
            return due
        }
        for poll in due where poll.signal(.timeout) { byTimeout.increment() }
        parkedGauge.record(count)
    }

    private static func forgetIdle(at now: ContinuousClock.Instant, _ state: inout State) {
        for (key, watch) in state.users {
            guard let idleSince = watch.idleSince, now - idleSince > lingerMax else { continue }
            for room in watch.rooms.joined { drop(key, from: room.room.text, &state) }
            state.users[key] = nil
        }
    }

    // MARK: Tokens

    /// The polls as they are now, for checking their tokens.
    var polls: [Poll] { state.withLock { $0.users.values.flatMap { $0.polls.values } } }

    // MARK: Leaving

    /// Answers all polls, a few at a time over `duration`; from now on none parks.
    func drain(over duration: Duration) async {
        let polls = state.withLock { state -> [Poll] in
            state.isDraining = true
            return state.users.values.flatMap { $0.polls.values }
        }
        let steps = max(1, Int(duration / Self.tick))
        let perStep = max(1, (polls.count + steps - 1) / steps)
        for start in stride(from: 0, to: polls.count, by: perStep) {
            for poll in polls[start..<min(start + perStep, polls.count)] { poll.signal(.draining) }
            // Cancelled, the rest are answered at once.
            try? await Task.sleep(for: Self.tick)
        }
    }
}
