extension AuthContext {
    /// The rules of membership `knock`, from version 7 on.
    func checkKnock(_ member: MemberContext) throws(AuthRule) {
        switch member.joinRule {
        case .knock, .knockRestricted: break
        case .public, .invite, .restricted, .unknown: throw .knockNotAllowed
        }
        guard senderIsTarget else { throw .knockOfOther }
        switch sender {
        case .ban, .invite, .join: throw .knockMembership
        case .leave, .knock: break
        }
    }
}
