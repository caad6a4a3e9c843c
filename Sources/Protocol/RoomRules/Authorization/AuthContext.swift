import CanonicalJSON
import Events
import Identifiers

/// An event that is not a create event, and the state that has a say in it.
struct AuthContext {
    let event: Event
    let rules: RoomVersionRules
    let create: Event
    /// The power levels event before this one.
    let levelsEvent: Event?
    let levels: PowerLevels
    let sender: Membership
    /// What only member events need.
    let member: MemberContext?

    init(event: Event, state: (StateMapKey) -> Event?, rules: RoomVersionRules) throws(AuthRule) {
        self.event = event
        self.rules = rules
        let create = state(.create)
        levelsEvent = state(.powerLevels)
        sender = Membership(state(.member(event.sender)))
        member = MemberContext(event: event, sender: sender, state: state, rules: rules)
        // The state is asked for everything first, so that a caller that loads what is missing loads once.
        guard let create else {
            throw rules.createIsAuthEvent ? .authEventsLackCreate : .roomIDIsNotCreateEvent
        }
        if !rules.createIsAuthEvent, create.room != event.room || create.id != event.room.createEvent {
            throw .roomIDIsNotCreateEvent
        }
        self.create = create
        levels = PowerLevels(event: levelsEvent, create: create, rules: rules)
    }
}

/// The state that has a say in a member event.
struct MemberContext {
    let membership: String
    let stateKey: String
    let target: Membership
    let joinRule: JoinRule
    /// The `m.room.third_party_invite` with the invite's token.
    let thirdPartyInvite: Event?
    /// Who let a restricted join pass, and their membership.
    let authoriser: (user: UserID, membership: Membership)?

    init?(event: Event, sender: Membership, state: (StateMapKey) -> Event?, rules: RoomVersionRules) {
        guard event.isType("m.room.member"), let stateKey = event.stateKey,
            let membership = event.content["membership"]?.stringValue
        else { return nil }
        self.membership = membership
        self.stateKey = stateKey
        let isOwn = stateKey.hasSameBytes(as: event.sender.rawValue)
        target = isOwn ? sender : Membership(state(StateMapKey(type: "m.room.member", stateKey: stateKey)))
        joinRule = JoinRule(state(.joinRules), rules: rules)
        let isInvite = membership.hasSameBytes(as: "invite")
        thirdPartyInvite = isInvite ? event.thirdPartyInviteKey.flatMap(state) : nil
        guard rules.allowsRestrictedJoins, membership.hasSameBytes(as: "join"), let user = event.joinAuthoriser else {
            authoriser = nil
            return
        }
        authoriser = (user, Membership(state(.member(user))))
    }
}

extension Event {
    /// Where the state keeps the third-party invite that an invite answers.
    var thirdPartyInviteKey: StateMapKey? {
        content["third_party_invite"]?["signed"]?["token"]?.stringValue.map {
            StateMapKey(type: "m.room.third_party_invite", stateKey: $0)
        }
    }

    /// Who authorised a restricted join; `nil` also for what is no user ID.
    var joinAuthoriser: UserID? {
        content["join_authorised_via_users_server"]?.stringValue.flatMap { UserID($0) }
    }
}
