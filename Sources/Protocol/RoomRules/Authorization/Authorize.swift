import Events
import Identifiers

/// Judges `event` against room state (spec v1.19, room versions, "Authorisation rules").
///
/// The event's own `auth_events` are judged by ``authorizeAuthEvents(of:authEvents:isRejected:rules:)``; an event built here
/// has them right. Signatures of servers are checked where events are received.
/// - Parameter state: the state before the event; asked once for each key of ``authEventKeys(for:rules:)`` and for the
///   create event.
public func authorize(
    _ event: Event, state: (StateMapKey) -> Event?, rules: RoomVersionRules
) -> AuthDecision {
    do throws(AuthRule) {
        if event.isType("m.room.create") {
            try CreateRules(event: event, rules: rules).check()
        } else {
            try AuthContext(event: event, state: state, rules: rules).check()
        }
        return .allow
    } catch {
        return .reject(AuthRejection(rule: error, rules: rules))
    }
}

extension AuthContext {
    /// The rules in the order of the specification.
    func check() throws(AuthRule) {
        if create.sender.server != event.sender.server, create.content["m.federate"] == false { throw .notFederated }
        if rules.aliasesBelongToServers, event.isType("m.room.aliases") { return try checkAliases() }
        if event.isType("m.room.member") { return try checkMember() }
        guard sender == .join else { throw .senderNotJoined }
        let level = levels.level(of: event.sender)
        if event.isType("m.room.third_party_invite") {
            guard level >= levels.invite else { throw .thirdPartyInviteLevel }
            return
        }
        guard level >= levels.required(type: event.type, isState: event.isState) else { throw .requiredLevel }
        if let stateKey = event.stateKey, stateKey.utf8.first == UInt8(ascii: "@"),
            !stateKey.hasSameBytes(as: event.sender.rawValue)
        {
            throw .stateKeyOfOther
        }
        if event.isType("m.room.power_levels") { try checkPowerLevels(senderLevel: level) }
        if rules.authorisesRedactions, event.isType("m.room.redaction") { try checkRedaction(senderLevel: level) }
    }
}
