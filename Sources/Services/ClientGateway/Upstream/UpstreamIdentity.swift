import CanonicalJSON
import Signing

/// Who the provider says somebody is.
struct UpstreamIdentity: Sendable {
    /// The provider's own name of them, which never changes.
    let subject: String
    /// What they may be called here, as the provider has it.
    let username: String?
    let displayName: String?

    /// Reads an ID token that came straight from the provider (OpenID Connect Core 1.0, sections 2 and 3.1.3.7).
    ///
    /// `nil` unless it is by `provider` for this server, for the login with `nonce`, and has not ended.
    init?(idToken: String, of provider: UpstreamProvider, nonce: String, nowSeconds: Int64) {
        let parts = idToken.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = UnpaddedBase64.decode(parts[1], alphabet: .urlSafe),
            // What cannot be read is believed as little as what is wrong.
            let claims = try? JSONObject.parse(bytes),
            let issuer = claims["iss"]?.stringValue, issuer.utf8.elementsEqual(provider.issuer.utf8),
            Self.isFor(provider.clientID, claims),
            let end = claims["exp"]?.intValue, end + UpstreamClient.skewSeconds > nowSeconds,
            let given = claims["nonce"]?.stringValue, given.utf8.elementsEqual(nonce.utf8),
            let subject = claims["sub"]?.stringValue,
            (1...UpstreamClient.subjectBytesMax).contains(subject.utf8.count), !subject.utf8.contains(0)
        else { return nil }
        self.subject = subject
        username = claims[provider.usernameClaim]?.stringValue
        displayName = claims["name"]?.stringValue
    }

    /// One of several audiences is this server only when it is also who asked.
    private static func isFor(_ client: String, _ claims: JSONObject) -> Bool {
        let one = JSONValue.string(client)
        guard let audience = claims["aud"] else { return false }
        if audience == one { return true }
        guard let audiences = audience.arrayValue, audiences.contains(one) else { return false }
        return audiences.count == 1 || claims["azp"] == one
    }
}
