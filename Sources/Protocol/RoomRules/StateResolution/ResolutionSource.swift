import Events
import Identifiers

/// What a resolution is given: events, the room version's rules and a budget.
struct ResolutionSource {
    let rules: RoomVersionRules
    let findEvent: (EventID) -> Event?
    let isRejected: (EventID) -> Bool
    let shouldStop: () -> Bool

    func event(_ id: EventID) throws(StateResolutionError) -> Event {
        guard let event = findEvent(id) else { throw .missing([id]) }
        return event
    }

    func events(_ ids: some Sequence<EventID>) throws(StateResolutionError) -> [Event] {
        var found: [Event] = []
        var missing: [EventID] = []
        for id in ids {
            if let event = findEvent(id) { found.append(event) } else { missing.append(id) }
        }
        guard missing.isEmpty else { throw .missing(missing) }
        return found
    }

    func spend() throws(StateResolutionError) {
        if shouldStop() { throw .stopped }
    }

    /// The room's create event as `event` sees it: among its auth events or, from version 12 on, the room's ID.
    func create(for event: Event) throws(StateResolutionError) -> Event? {
        if rules.createIsAuthEvent { return try authEvent(.create, of: event) }
        return try event.room.createEvent.map { id throws(StateResolutionError) in try self.event(id) }
    }

    /// The auth event of `event` that is `key`.
    func authEvent(_ key: StateMapKey, of event: Event) throws(StateResolutionError) -> Event? {
        for id in event.authEvents {
            let auth = try self.event(id)
            if auth.stateMapKey == key { return auth }
        }
        return nil
    }
}
