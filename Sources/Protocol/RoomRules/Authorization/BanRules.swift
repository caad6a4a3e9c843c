extension AuthContext {
    /// The rules of membership `ban`.
    func checkBan(_ member: MemberContext) throws(AuthRule) {
        guard sender == .join else { throw .banSenderNotJoined }
        let level = levels.level(of: event.sender)
        guard level >= levels.ban, targetLevel(member) < level else { throw .banLevel }
    }
}
