import Crypto
import Events
import Identifiers

/// State resolution of room version 1: what authorises comes first, type by type, lower depths before higher ones.
struct ResolutionV1 {
    let source: ResolutionSource
    let conflicts: ConflictedState

    func resolve() throws(StateResolutionError) -> StateTree {
        var state = conflicts.unconflicted
        for type in ["m.room.power_levels", "m.room.join_rules", "m.room.member"] {
            // One type's conflicts are judged against what stood before any of them was settled.
            let before = state
            for (key, ids) in conflicts.conflicted where isAuthKey(key, type) {
                state[key] = try authEvent(key, try ordered(ids.keys), before)
            }
        }
        let before = state
        for (key, ids) in conflicts.conflicted where state[key] == nil {
            state[key] = try otherEvent(try ordered(ids.keys), before)
        }
        return state
    }

    private func isAuthKey(_ key: StateMapKey, _ type: String) -> Bool {
        key.isType(type) && (key.isType("m.room.member") || key.stateKey.isEmpty)
    }

    /// Climbs from the lowest event as long as each next one is allowed after those before.
    private func authEvent(
        _ key: StateMapKey, _ events: [Event], _ before: StateTree
    ) throws(StateResolutionError) -> EventID? {
        var state = before
        state[key] = events.first?.id
        for event in events.dropFirst() {
            guard try isAllowed(event, state) else { break }
            state[key] = event.id
        }
        return state[key]
    }

    /// The highest event that is allowed; if none is, the lowest.
    private func otherEvent(
        _ events: [Event], _ before: StateTree
    ) throws(StateResolutionError) -> EventID? {
        for event in events.reversed() where try isAllowed(event, before) { return event.id }
        return events.first?.id
    }

    private func isAllowed(_ event: Event, _ state: StateTree) throws(StateResolutionError) -> Bool {
        try source.spend()
        var missing: [EventID] = []
        let decision = authorize(
            event,
            state: { key in
                guard let id = state[key] else { return nil }
                let found = source.findEvent(id)
                if found == nil { missing.append(id) }
                return found
            }, rules: source.rules)
        guard missing.isEmpty else { throw .missing(missing) }
        return decision.isAllowed
    }

    /// By ascending depth, then descending SHA-1 of the ID.
    private func ordered(_ ids: some Sequence<EventID>) throws(StateResolutionError) -> [Event] {
        let ranked = try source.events(ids).map { event in
            (event: event, hash: Array(Insecure.SHA1.hash(data: Array(event.id.rawValue.utf8))))
        }
        return ranked.sorted { left, right in
            if left.event.depth != right.event.depth { return left.event.depth < right.event.depth }
            return right.hash.lexicographicallyPrecedes(left.hash)
        }.map(\.event)
    }
}
