import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Logs a device in, by password or login token: `POST /_matrix/client/v3/login` (spec v1.19, "Login").
struct Login: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/login", cost: .account, auth: .none)

    let check: PasswordCheck
    let starter: SessionStarter
    let rates: RateLimits
    let tokens: LoginTokens

    /// - Throws: `M_UNKNOWN` for another type of login, `M_FORBIDDEN` for a wrong name, password or login token,
    ///   `M_USER_DEACTIVATED`, `M_USER_LOCKED`, `M_LIMIT_EXCEEDED`.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        let type = try body.requiredString("type")
        let device = try body.identifier("device_id", as: DeviceID.self)
        let displayName = try body.string("initial_device_display_name")
        let refreshable = try body.bool("refresh_token") ?? false
        try DeviceRules.check(displayName: displayName)

        try await rates.demand(.loginAddress, from: request.clientAddress)
        let account = try await account(type, body, request)
        try await rates.demand(.loginAccount, of: account.user.rawValue)
        guard !account.isDeactivated else {
            throw MatrixError(
                status: 403, errcode: "M_USER_DEACTIVATED", message: "This account has been deactivated.")
        }
        guard !account.isLocked else { throw MatrixError.userLocked }
        return try await starter.start(
            account.user, device: device, displayName: displayName, refreshable: refreshable)
    }

    private func account(_ type: String, _ body: BodyFields, _ request: PublicRequest) async throws -> Account {
        switch type {
        case "m.login.password": try await byPassword(body)
        case "m.login.token": try await tokens.account(for: try body.requiredString("token"))
        case "m.login.application_service":
            // No application service is registered, so no token is one's.
            throw request.raw.header("authorization") == nil
                ? MatrixError.missingToken : MatrixError.unknownToken(softLogout: false)
        default:
            throw MatrixError(status: 400, errcode: "M_UNKNOWN", message: "This server has no such type of login.")
        }
    }

    private func byPassword(_ body: BodyFields) async throws -> Account {
        let identity = try LoginIdentity(body)
        let password = try body.requiredString("password")
        guard let account = try await check.account(of: identity, password: password) else {
            throw MatrixError.forbidden("Invalid user name or password.")
        }
        return account
    }
}
