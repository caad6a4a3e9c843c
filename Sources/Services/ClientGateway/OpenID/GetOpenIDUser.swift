import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage
import WorkerContracts

/// Whose OpenID token this is: `GET /_matrix/federation/v1/openid/userinfo` (spec v1.19, server-server API, "OpenID").
///
/// Served here because it takes no signature and reads what the client workers write.
struct GetOpenIDUser: Endpoint {
    static let route = Route.client(.get, "/_matrix/federation/v1/openid/userinfo", auth: .none)

    let tokens: AccountTokenStore
    let clock: WallClock

    /// - Throws: `M_MISSING_TOKEN`, `M_UNKNOWN_TOKEN`.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        guard let text = request.query("access_token") else { throw MatrixError.missingToken }
        guard let token = AccessToken(text), let user = try await tokens.user(with: token.hash, at: clock.now()) else {
            throw MatrixError.unknownToken(softLogout: false)
        }
        return ["sub": .string(user.rawValue)]
    }
}
