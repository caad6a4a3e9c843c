import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage
import WorkerContracts

/// Whether a registration token is good: `GET /_matrix/client/v1/register/m.login.registration_token/validity`.
struct CheckRegistrationToken: Endpoint {
    static let route = Route.client(
        .get, "/_matrix/client/v1/register/m.login.registration_token/validity", auth: .none)

    let policy: RegistrationPolicy
    let tokens: RegistrationTokenStore
    let rates: RateLimits
    let clock: WallClock

    /// - Throws: `M_FORBIDDEN` when registration is closed.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        guard let token = request.query("token") else { throw MatrixError.missingParam("'token' is missing.") }
        guard policy.mode != .closed else { throw MatrixError.forbidden("Registration is closed on this server.") }
        try await rates.demand(.registrationTokenValidity, from: request.clientAddress)
        guard !token.utf8.contains(0) else { return ["valid": false] }
        return ["valid": .bool(try await tokens.isValid(token, at: clock.now()))]
    }
}
