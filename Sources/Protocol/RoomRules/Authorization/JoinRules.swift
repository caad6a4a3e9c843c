import Events

extension AuthContext {
    /// The rules of membership `join`.
    func checkJoin(_ member: MemberContext) throws(AuthRule) {
        let isFirst = event.prevEvents.count == 1 && event.prevEvents.first == create.id
        if isFirst, create.isFirstJoiner(member.stateKey, rules) { return }
        guard senderIsTarget else { throw .joinOfOther }
        guard sender != .ban else { throw .joinBanned }
        let isExpected = sender == .invite || sender == .join
        switch member.joinRule {
        case .public: return
        case .invite, .knock: guard isExpected else { throw .joinNotAllowed }
        case .restricted, .knockRestricted:
            if isExpected { return }
            guard let authoriser = member.authoriser, authoriser.membership == .join,
                levels.level(of: authoriser.user) >= levels.invite
            else { throw .joinAuthoriserInvalid }
        case .unknown: throw .joinNotAllowed
        }
    }
}

extension Event {
    /// Whether `user` comes into the room this create event makes without an invite.
    ///
    /// Additional creators do not.
    fileprivate func isFirstJoiner(_ user: String, _ rules: RoomVersionRules) -> Bool {
        let first = rules.createContentHasCreator ? content["creator"]?.stringValue : sender.rawValue
        return first?.hasSameBytes(as: user) ?? false
    }
}
