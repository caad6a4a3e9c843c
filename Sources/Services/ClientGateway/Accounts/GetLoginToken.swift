import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// A token that logs one more device in: `POST /_matrix/client/v1/login/get_token` (spec v1.19, "Login").
struct GetLoginToken: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v1/login/get_token", cost: .account)

    let auth: InteractiveAuth
    let tokens: LoginTokens

    /// - Throws: the 401 of user-interactive authentication until the password is right.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.optionalJSONBody())
        try await auth.demandOwner(request.caller, to: "make a login token", in: body)
        let token = try await tokens.make(for: request.caller)
        return [
            "login_token": .string(token),
            "expires_in_ms": .int(LoginTokens.life.components.seconds * 1_000),
        ]
    }
}
