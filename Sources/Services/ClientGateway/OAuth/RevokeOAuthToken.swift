import HTTPServer
import MatrixHTTP
import Storage

/// Logs a device out by one of its tokens: `POST /oauth2/revoke` (spec v1.19, "Token revocation"; RFC 7009).
struct RevokeOAuthToken: Endpoint {
    static let route = Route.client(.post, "/oauth2/revoke", auth: .none)

    let sessions: SessionStore
    let removal: DeviceRemoval

    /// Whoever shows a token may end it: that helps those who find leaked ones.
    ///
    /// - Throws: `invalid_request` without a token.
    func respond(to request: PublicRequest) async throws -> EmptyObject {
        let form = try OAuthForm(request)
        guard let token = AccessToken(try form.required("token")),
            let (user, device) = try await sessions.device(with: token.hash)
        else { return EmptyObject() }
        try await removal.remove([device], of: user)
        return EmptyObject()
    }
}
