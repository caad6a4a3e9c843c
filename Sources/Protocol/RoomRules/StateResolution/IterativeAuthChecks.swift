import Events
import Identifiers

/// Builds state by judging events one after another against what the earlier ones left.
struct IterativeAuthChecks {
    let source: ResolutionSource

    func apply(_ ids: [EventID], to state: inout StateTree) throws(StateResolutionError) {
        for id in ids {
            try source.spend()
            let event = try source.event(id)
            guard let key = event.stateMapKey else { continue }
            let own = try ownAuthEvents(of: event)
            var missing: [EventID] = []
            let decision = authorize(
                event,
                state: { key in
                    guard let current = state[key] else { return own[key] }
                    let found = source.findEvent(current)
                    if found == nil { missing.append(current) }
                    return found
                }, rules: source.rules)
            guard missing.isEmpty else { throw .missing(missing) }
            if decision.isAllowed { state[key] = id }
        }
    }

    /// What stands in for state that is not there: the event's auth events, unless rejected.
    ///
    /// From version 12 on the create event is always among them, by the room's ID.
    private func ownAuthEvents(of event: Event) throws(StateResolutionError) -> [StateMapKey: Event] {
        var own: [StateMapKey: Event] = [:]
        for auth in try source.events(event.authEvents) where !source.isRejected(auth.id) {
            if let key = auth.stateMapKey { own[key] = auth }
        }
        if !source.rules.createIsAuthEvent, let create = try source.create(for: event), !source.isRejected(create.id) {
            own[.create] = create
        }
        return own
    }
}
