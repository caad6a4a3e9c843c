import Events
import Identifiers

/// State sets divided into what all agree on and what not; only what differs from the first set is looked at.
struct ConflictedState {
    /// Keys that every set has with the same event; in version 1 also those that some sets lack.
    private(set) var unconflicted: StateTree
    /// For each other key the events it has, and the sets that have them.
    private(set) var conflicted: [StateMapKey: [EventID: StateSetMask]] = [:]
    let setCount: Int

    /// - Precondition: there is a set.
    init(_ sets: [StateTree], source: ResolutionSource) throws(StateResolutionError) {
        guard let first = sets.first else { preconditionFailure("there is no state to resolve") }
        setCount = sets.count
        unconflicted = first
        // Which sets differ from the first in a key, by the key.
        var differing: [StateMapKey: StateSetMask] = [:]
        for (number, set) in sets.enumerated().dropFirst() {
            try source.spend()
            for change in set.changes(since: first) {
                differing[change.key, default: StateSetMask(count: setCount)].insert(number)
                guard let id = change.new else { continue }
                conflicted[change.key, default: [:]][id, default: StateSetMask(count: setCount)].insert(number)
            }
        }
        for (key, others) in differing {
            if let id = first[key] { conflicted[key, default: [:]][id] = others.inverted }
            unconflicted[key] = nil
        }
        if source.rules.stateResolution == .v1 { unionLoneEvents() }
    }

    var isEmpty: Bool { conflicted.isEmpty }

    /// The conflicted state set.
    var events: Set<EventID> { Set(conflicted.values.lazy.flatMap(\.keys)) }

    /// Version 1 knows a conflict only where two sets have different events; a key that sets lack is no conflict.
    private mutating func unionLoneEvents() {
        for (key, events) in conflicted where events.count == 1 {
            unconflicted[key] = events.keys.first
            conflicted[key] = nil
        }
    }
}
