extension AuthContext {
    /// The rules of membership `leave`: leaving, refusing an invite, removing a user, lifting a ban.
    func checkLeave(_ member: MemberContext) throws(AuthRule) {
        if senderIsTarget {
            guard sender == .join || sender == .invite || (sender == .knock && rules.allowsKnocking) else {
                throw .leaveNotInRoom
            }
            return
        }
        guard sender == .join else { throw .kickSenderNotJoined }
        let level = levels.level(of: event.sender)
        if member.target == .ban, level < levels.ban { throw .unbanLevel }
        guard level >= levels.kick, targetLevel(member) < level else { throw .kickLevel }
    }
}
