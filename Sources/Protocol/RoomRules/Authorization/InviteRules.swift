import CanonicalJSON
import Events

extension AuthContext {
    /// The rules of membership `invite`.
    func checkInvite(_ member: MemberContext) throws(AuthRule) {
        if let invite = event.content["third_party_invite"] {
            return try ThirdPartyInviteRules(invite: invite, event: event, member: member).check()
        }
        guard sender == .join else { throw .inviteSenderNotJoined }
        guard member.target != .join, member.target != .ban else { throw .inviteTargetJoinedOrBanned }
        guard levels.level(of: event.sender) >= levels.invite else { throw .inviteLevel }
    }
}
