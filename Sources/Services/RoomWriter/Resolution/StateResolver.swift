import Events
import Identifiers
import RoomRules
import Storage

// A fork with many branches or a long auth chain takes seconds. Only its own room waits for that: the events are read and
// the work is done outside of the shard's writer, on the states the fork was found with, and what comes out is filed
// under the events of the fork, whose states never change. The writer looks it up when it tries the command again.

/// Resolves forks of rooms' state.
struct StateResolver: Sendable {
    /// The longest a resolution may calculate.
    static let durationMax = Duration.seconds(20)
    /// The most events one resolution may look at.
    static let eventsMax = 50_000

    enum Failure: Error {
        /// Over ``durationMax`` or ``eventsMax``, or too many others wait.
        case overBudget
        /// An event that an accepted one names is not in the database.
        case eventsMissing([EventID])
    }

    let events: KnownEvents
    let threads: ResolutionThreads

    /// The states of `input` made one.
    func resolve(_ input: ResolutionInput) async throws -> StateTree {
        var known = input.placed
        let deadline = ContinuousClock.now + Self.durationMax
        var wanted = Self.conflictedEvents(input.states)
        while true {
            try await load(&wanted, of: input, into: &known)
            let events = known
            let outcome = await threads.run { Self.calculate(input, events, until: deadline) }
            switch outcome {
            case .success(let tree): return tree
            case .failure(.missing(let ids)): wanted = ids.filter { known[$0] == nil }
            case .failure(.stopped), nil: throw Failure.overBudget
            }
            guard !wanted.isEmpty else { throw Failure.overBudget }
        }
    }

    /// Reads `wanted` and everything their auth events lead to.
    private func load(
        _ wanted: inout [EventID], of input: ResolutionInput, into known: inout [EventID: KnownEvent]
    ) async throws {
        var pending = Set(wanted)
        while !pending.isEmpty {
            let part = Array(pending.prefix(KnownEvents.eventsMax))
            pending.subtract(part)
            let missing = part.filter { known[$0] == nil }
            guard known.count + missing.count <= Self.eventsMax else { throw Failure.overBudget }
            let found = try await events.fetch(missing, of: input.room, rules: input.rules)
            let absent = missing.filter { found[$0] == nil }
            guard absent.isEmpty else { throw Failure.eventsMissing(absent) }
            known.merge(found) { old, _ in old }
            for id in part {
                for auth in known[id]?.event.authEvents ?? [] where known[auth] == nil { pending.insert(auth) }
            }
        }
        wanted = []
    }

    /// The events of all keys that the states do not agree on.
    private static func conflictedEvents(_ states: [StateTree]) -> [EventID] {
        guard let first = states.first else { return [] }
        var ids: Set<EventID> = []
        for other in states.dropFirst() {
            for change in other.changes(since: first) { ids.formUnion([change.old, change.new].compactMap { $0 }) }
        }
        if let create = first[.create] { ids.insert(create) }
        return Array(ids)
    }

    private static func calculate(
        _ input: ResolutionInput, _ known: [EventID: KnownEvent], until deadline: ContinuousClock.Instant
    ) -> Result<StateTree, StateResolutionError> {
        Result { () throws(StateResolutionError) in
            let resolved = try resolveState(
                sets: input.states.map(\.dictionary), event: { known[$0]?.event },
                isRejected: { known[$0]?.isRejected ?? false }, rules: input.rules,
                shouldStop: { ContinuousClock.now > deadline })
            return tree(of: resolved, sharingWith: input.states[0])
        }
    }

    /// The resolved state as a tree that shares what it can, so that differences stay cheap.
    private static func tree(of resolved: [StateMapKey: EventID], sharingWith base: StateTree) -> StateTree {
        var tree = base
        base.forEach { key, event in if resolved[key] == nil { tree[key] = nil } }
        for (key, event) in resolved where base[key] != event { tree[key] = event }
        return tree
    }
}
