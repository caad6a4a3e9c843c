import CanonicalJSON
import Events
import Signing

/// The rules of an invite that answers a third-party invite: the identity server's signature stands for the level.
struct ThirdPartyInviteRules {
    /// The most signatures tried against keys; an event has room for a million pairs, which nobody honest sends.
    static let verificationsMax = 1_024

    /// `content.third_party_invite` of the invite.
    let invite: JSONValue
    let event: Event
    let member: MemberContext

    func check() throws(AuthRule) {
        guard member.target != .ban else { throw .thirdPartyBanned }
        guard let signed = invite["signed"] else { throw .thirdPartyUnsigned }
        guard let user = signed["mxid"]?.stringValue, signed["token"]?.stringValue != nil,
            let object = signed.objectValue
        else { throw .thirdPartyIncomplete }
        guard user.hasSameBytes(as: member.stateKey) else { throw .thirdPartyOfOther }
        guard let request = member.thirdPartyInvite else { throw .thirdPartyUnknown }
        guard request.sender == event.sender else { throw .thirdPartySenderDiffers }
        guard isSigned(object, by: keys(of: request.content)) else { throw .thirdPartySignatureInvalid }
    }

    private func keys(of content: JSONObject) -> [VerificationKey] {
        var texts = [content["public_key"]?.stringValue].compactMap(\.self)
        for entry in content["public_keys"]?.arrayValue ?? [] {
            if let text = entry["public_key"]?.stringValue { texts.append(text) }
        }
        return texts.compactMap { text in
            let bytes = UnpaddedBase64.decode(text) ?? UnpaddedBase64.decode(text, alphabet: .urlSafe)
            return bytes.flatMap { VerificationKey($0) }
        }
    }

    private func isSigned(_ signed: JSONObject, by keys: [VerificationKey]) -> Bool {
        let bytes = JSONSigning.signedBytes(of: signed)
        var left = Self.verificationsMax
        for server in signed["signatures"]?.objectValue?.members ?? [] {
            for entry in server.value.objectValue?.members ?? [] where entry.key.utf8.starts(with: "ed25519:".utf8) {
                guard let signature = entry.value.stringValue.flatMap({ UnpaddedBase64.decode($0) }) else { continue }
                for key in keys {
                    guard left > 0 else { return false }
                    left -= 1
                    if key.isValid(signature: signature, of: bytes) { return true }
                }
            }
        }
        return false
    }
}
