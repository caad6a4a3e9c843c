import CanonicalJSON
import Events
import Identifiers

/// The state that an event's `auth_events` name, as far as it is there (spec v1.19, server-server API, "Auth events
/// selection").
public func authEventKeys(
    for type: String, stateKey: String?, sender: UserID, content: JSONObject, rules: RoomVersionRules
) -> [StateMapKey] {
    if type.hasSameBytes(as: "m.room.create") { return [] }
    var keys: [StateMapKey] = rules.createIsAuthEvent ? [.create] : []
    keys.append(.powerLevels)
    keys.append(.member(sender))
    guard type.hasSameBytes(as: "m.room.member"), let stateKey else { return keys }
    let target = StateMapKey(type: "m.room.member", stateKey: stateKey)
    if !keys.contains(target) { keys.append(target) }
    guard let membership = content["membership"]?.stringValue.flatMap({ Membership(name: $0) }) else { return keys }
    switch membership {
    case .join, .invite, .knock: keys.append(.joinRules)
    case .leave, .ban: break
    }
    if membership == .invite, let token = content["third_party_invite"]?["signed"]?["token"]?.stringValue {
        keys.append(StateMapKey(type: "m.room.third_party_invite", stateKey: token))
    }
    if membership == .join, rules.allowsRestrictedJoins,
        let authoriser = content["join_authorised_via_users_server"]?.stringValue
    {
        let key = StateMapKey(type: "m.room.member", stateKey: authoriser)
        if !keys.contains(key) { keys.append(key) }
    }
    return keys
}

/// ``authEventKeys(for:stateKey:sender:content:rules:)`` of an event that exists.
public func authEventKeys(for event: Event, rules: RoomVersionRules) -> [StateMapKey] {
    authEventKeys(
        for: event.type, stateKey: event.stateKey, sender: event.sender, content: event.content, rules: rules)
}
