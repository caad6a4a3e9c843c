import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// A token that shows another service who the caller is: `POST /_matrix/client/v3/user/{userId}/openid/request_token`
/// (spec v1.19, "OpenID").
struct RequestOpenIDToken: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/user/{userId}/openid/request_token")
    /// How long a token is good.
    static let life = Duration.seconds(3_600)

    let tokens: AccountTokenStore
    let clock: WallClock

    /// - Throws: `M_FORBIDDEN` for another user.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let user = try request.path("userId", as: UserID.self)
        _ = try request.optionalJSONBody()
        guard user == request.caller else { throw MatrixError.forbidden("This is another user.") }
        let token = AccessToken.make(for: user)
        let now = clock.now()
        try await tokens.insert(token.hash, for: user, at: now, expiresAt: now.advanced(by: Self.life))
        return [
            "access_token": .string(token.text), "token_type": "Bearer",
            "matrix_server_name": .string(user.server.rawValue), "expires_in": .int(Self.life.components.seconds),
        ]
    }
}
