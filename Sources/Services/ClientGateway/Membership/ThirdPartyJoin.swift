import CanonicalJSON
import Identifiers
import MatrixHTTP
import WorkerContracts

// Somebody invited by an address proves to the identity server that it is theirs, and gets a signed token. With it the
// invite is made out to them; whether the signature is one of those the room's `m.room.third_party_invite` names, the
// rules of the room judge (spec v1.19, "Third-party invites").

/// Turns an invite by an address into one of the user who joins with it.
struct ThirdPartyJoin: Sendable {
    /// A join's `third_party_signed`.
    struct Proof {
        let sender: UserID
        let token: String
        /// With the signatures, as the identity server gave it.
        let signed: JSONObject

        /// `nil` when `body` has none.
        ///
        /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM` when it is not whole, or another user's.
        init?(_ body: BodyFields, of caller: UserID) throws {
            guard let object = try body.object("third_party_signed") else { return nil }
            let fields = BodyFields(object)
            sender = try fields.requiredIdentifier("sender", as: UserID.self)
            token = try fields.requiredString("token")
            let user = try fields.requiredIdentifier("mxid", as: UserID.self)
            guard try fields.object("signatures") != nil else {
                throw MatrixError.missingParam("'signatures' is missing.")
            }
            guard user == caller else { throw MatrixError.invalidParam("'mxid' is another user.") }
            signed = object
        }
    }

    let access: RoomAccess
    let memberships: MembershipWriter

    /// Invites `caller` in the name of whoever invited the address.
    ///
    /// - Throws: `M_FORBIDDEN` when the room has no such invite or its rules do not take the proof.
    func invite(_ caller: UserID, to room: RoomID, by proof: Proof) async throws {
        guard proof.sender.server == caller.server,
            let invite = try await access.currentContent("m.room.third_party_invite", proof.token, in: room)
        else { throw MatrixError.forbidden("The room has no such invite.") }
        // Who is in the room or invited already needs none.
        let membership = try await access.membership(of: caller, in: room)
        if membership == .join || membership == .invite { return }
        let thirdParty: JSONObject = [
            "display_name": invite["display_name"] ?? "", "signed": .object(proof.signed),
        ]
        try await memberships.set(
            .invite, of: caller, by: proof.sender, in: room, reason: nil, showsProfile: true,
            extra: ["third_party_invite": .object(thirdParty)])
    }
}
