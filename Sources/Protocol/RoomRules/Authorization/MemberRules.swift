import CanonicalJSON

extension AuthContext {
    /// The rules of `m.room.member`.
    func checkMember() throws(AuthRule) {
        guard let member else { throw .memberIncomplete }
        if rules.allowsRestrictedJoins, event.content["join_authorised_via_users_server"] != nil {
            try checkAuthoriserSigned()
        }
        guard let membership = Membership(name: member.membership) else { throw .membershipUnknown }
        switch membership {
        case .join: try checkJoin(member)
        case .invite: try checkInvite(member)
        case .leave: try checkLeave(member)
        case .ban: try checkBan(member)
        case .knock:
            guard rules.allowsKnocking else { throw .membershipUnknown }
            try checkKnock(member)
        }
    }

    var senderIsTarget: Bool { member?.stateKey.hasSameBytes(as: event.sender.rawValue) ?? false }

    /// The level of the user a member event is about; a state key that is no user ID has the default.
    func targetLevel(_ member: MemberContext) -> Int64 {
        event.memberTarget.map { levels.level(of: $0) } ?? levels.usersDefault
    }

    /// Here the signature must be there; that it is valid is checked with ``requiredSignatures(of:rules:)``.
    private func checkAuthoriserSigned() throws(AuthRule) {
        guard let server = event.joinAuthoriser?.server,
            event.json["signatures"]?[server.rawValue]?.objectValue?.isEmpty == false
        else { throw .authoriserHasNotSigned }
    }
}
