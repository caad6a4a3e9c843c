import CanonicalJSON
import Collections
import Events
import Identifiers
import Metrics
import NIOCore
import RoomRules
import Storage
import Synchronization

// A herd: one unusual event, and several hundred clients ask for the full state of a huge room, megabytes each. Encoding it
// for each of them took a server down once. So a room's state at a root is encoded once, in fragments that follow the
// state tree's nodes; whoever asks meanwhile waits for that one build; every answer holds the same bytes. A change of the
// room makes a new root whose tree shares all but a few nodes, and only the fragments of those are encoded again.
//
// A redaction changes what an event looks like without changing any root: fragments are named by their node and the
// redactions in it, and the room's redactions are asked for at every reading.

/// The JSON of rooms' whole states, built once for all readers.
public final class SharedStateJSON: Sendable {
    /// How many bytes of fragments are kept, beyond those of the state used last.
    public static let bytesMax = 96 << 20
    /// The most states kept; they share most of their fragments.
    public static let statesMax = 512
    /// Builds under way at once; more wait.
    public static let buildsMax = 8
    /// Events read and encoded at a stretch.
    ///
    /// After each stretch a build rests for as long as it took, so that the largest room keeps half a processor at most
    /// from those who chat meanwhile.
    public static let eventsPerStretch = 250

    private struct StateKey: Hashable {
        let root: StateRootID
        let selection: StateSelection
        let redacted: Set<EventID>
    }

    private struct WeakFragment { weak var fragment: StateFragment? }

    private struct State {
        var states: OrderedDictionary<StateKey, [StateFragment]> = [:]
        var fragments: [StateFragmentKey: WeakFragment] = [:]
        var building: [StateKey: Task<[StateFragment], any Error>] = [:]
        var tidyAt = SharedStateJSON.namesMin
    }

    private let roots: StateRoots
    private let events: EventStore
    private let includesRoom: Bool
    private let isSharingOn: Bool
    private let bytesMax: Int
    private let live = LiveBytes()
    private let slots = BuildSlots(buildsMax)
    private let state = Mutex(State())
    private let buildsSoFar = Atomic<Int>(0)
    private let buildsTotal = Counter(label: "apus_state_builds_total")
    private let encodedBytes = Counter(label: "apus_state_encoded_bytes_total")

    /// - Parameters:
    ///   - includesRoom: whether each event names its room; not so inside `/sync`.
    ///   - isSharingOn: off, every reader's state is built for that reader alone: only to show the difference.
    public init(
        roots: StateRoots, events: EventStore, includesRoom: Bool = false, isSharingOn: Bool = true,
        bytesMax: Int = SharedStateJSON.bytesMax
    ) {
        self.roots = roots
        self.events = events
        self.includesRoom = includesRoom
        self.isSharingOn = isSharingOn
        self.bytesMax = bytesMax
    }

    /// States built so far, however many readers each had.
    public var builds: Int { buildsSoFar.load(ordering: .relaxed) }
    /// Bytes of fragments that exist now.
    public var liveBytes: Int { live.current }

    /// The events of `room`'s state at `root` as JSON: pieces in which each event is led by a comma.
    public func pieces(
        at root: StateRootID, of room: RoomID, rules: RoomVersionRules, _ selection: StateSelection
    ) async throws -> [ByteBuffer] {
        let redacted = Set(try await events.redactedState(of: room).keys)
        let key = StateKey(root: root, selection: selection, redacted: redacted)
        guard isSharingOn else {
            return try await build(key, of: room, rules: rules).map(\.bytes)
        }
        let task: Task<[StateFragment], any Error>? = state.withLock { state in
            if state.states[key] != nil { return nil }
            if let building = state.building[key] { return building }
            let task = Task { try await self.buildAndKeep(key, of: room, rules: rules) }
            state.building[key] = task
            return task
        }
        if let task { return try await task.value.map(\.bytes) }
        if let fragments = state.withLock({ Self.touch(key, &$0) }) { return fragments.map(\.bytes) }
        // Dropped between the two looks.
        return try await build(key, of: room, rules: rules).map(\.bytes)
    }

    private func buildAndKeep(_ key: StateKey, of room: RoomID, rules: RoomVersionRules) async throws -> [StateFragment]
    {
        defer { state.withLock { $0.building[key] = nil } }
        let fragments = try await build(key, of: room, rules: rules)
        state.withLock { keep(fragments, as: key, &$0) }
        return fragments
    }

    // MARK: Building

    private func build(_ key: StateKey, of room: RoomID, rules: RoomVersionRules) async throws -> [StateFragment] {
        buildsTotal.increment()
        buildsSoFar.add(1, ordering: .relaxed)
        let tree = try await roots.tree(key.root, of: room)
        let plans = StateFragmentPlan.plans(for: tree, selection: key.selection, redacted: key.redacted)
        var made: [StateFragmentKey: StateFragment] = [:]
        if isSharingOn {
            state.withLock { state in
                for plan in plans { made[plan.key] = state.fragments[plan.key]?.fragment }
            }
        }
        let missing = plans.filter { made[$0.key] == nil }
        let groups = Self.groups(of: missing)
        for (number, group) in groups.enumerated() {
            let began = ContinuousClock.now
            let fragments = try await slots.with { try await encode(group, of: room, rules: rules) }
            for (plan, fragment) in zip(group, fragments) { made[plan.key] = fragment }
            if number + 1 < groups.count { try await Task.sleep(for: began.duration(to: .now)) }
        }
        return plans.compactMap { made[$0.key] }
    }

    /// Plans put together so that each group's events can be read at once.
    private static func groups(of plans: [StateFragmentPlan]) -> [[StateFragmentPlan]] {
        var groups: [[StateFragmentPlan]] = []
        var count = eventsPerStretch
        for plan in plans {
            if count + plan.events.count > eventsPerStretch {
                groups.append([])
                count = 0
            }
            groups[groups.count - 1].append(plan)
            count += plan.events.count
        }
        return groups
    }

    private func encode(
        _ plans: [StateFragmentPlan], of room: RoomID, rules: RoomVersionRules
    ) async throws -> [StateFragment] {
        let stored = try await events.events(plans.flatMap(\.events), of: room, rules: rules)
        let redactions = try await events.events(stored.values.compactMap(\.redactedBy), of: room, rules: rules)
        return try plans.map { plan in
            var writer = JSONWriter(reservingBytes: plan.events.count * 512)
            // Each event as the next value after one that is not there: led by a comma.
            _ = writer.handOver()
            for id in plan.events {
                guard let event = stored[id], plan.key.selection.includes(event.event) else { continue }
                try PreparedEvent(
                    stored: event, replaced: nil, redaction: event.redactedBy.flatMap { redactions[$0] }, rules: rules,
                    includesRoom: includesRoom
                ).writeAsState(to: &writer)
            }
            encodedBytes.increment(by: writer.bytes.count)
            return StateFragment(key: plan.key, bytes: ByteBuffer(bytes: writer.bytes), live: live)
        }
    }

    // MARK: Keeping

    private static func touch(_ key: StateKey, _ state: inout State) -> [StateFragment]? {
        guard let found = state.states.removeValue(forKey: key) else { return nil }
        state.states[key] = found
        return found
    }

    private func keep(_ fragments: [StateFragment], as key: StateKey, _ state: inout State) {
        state.states[key] = fragments
        for fragment in fragments { state.fragments[fragment.key] = WeakFragment(fragment: fragment) }
        while state.states.count > 1, live.current > bytesMax || state.states.count > Self.statesMax {
            state.states.removeFirst()
        }
        guard state.fragments.count > state.tidyAt else { return }
        state.fragments = state.fragments.filter { $0.value.fragment != nil }
        state.tidyAt = max(Self.namesMin, state.fragments.count * 2)
    }

    /// Names of fragments, gone ones among them, are gone through only when there are more than this.
    private static let namesMin = 4_096
}
