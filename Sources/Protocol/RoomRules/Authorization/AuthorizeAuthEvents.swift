import Events
import Identifiers

/// Judges the `auth_events` that a received event names: the rules about duplicates, selection, rejected events, the create
/// event and the room.
///
/// - Parameters:
///   - authEvents: the events that ``Event/authEvents`` names, all of them.
///   - isRejected: whether an auth event, or from version 12 on the create event, was rejected on its own receipt.
public func authorizeAuthEvents(
    of event: Event, authEvents: [Event], isRejected: (EventID) -> Bool, rules: RoomVersionRules
) -> AuthDecision {
    do throws(AuthRule) {
        try checkAuthEvents(of: event, authEvents: authEvents, isRejected: isRejected, rules: rules)
        return .allow
    } catch {
        return .reject(AuthRejection(rule: error, rules: rules))
    }
}

private func checkAuthEvents(
    of event: Event, authEvents: [Event], isRejected: (EventID) -> Bool, rules: RoomVersionRules
) throws(AuthRule) {
    if event.isType("m.room.create") { return }
    if !rules.createIsAuthEvent, event.room.createEvent.map(isRejected) ?? true { throw .roomIDIsNotCreateEvent }
    var seen: Set<StateMapKey> = []
    for auth in authEvents {
        guard let key = auth.stateMapKey else { throw .authEventsUnexpected }
        guard seen.insert(key).inserted else { throw .authEventsDuplicate }
    }
    guard seen.isSubset(of: authEventKeys(for: event, rules: rules)) else { throw .authEventsUnexpected }
    if authEvents.contains(where: { isRejected($0.id) }) { throw .authEventsRejected }
    if rules.createIsAuthEvent, !seen.contains(.create) { throw .authEventsLackCreate }
    if authEvents.contains(where: { $0.room != event.room }) { throw .authEventsOfOtherRoom }
}
