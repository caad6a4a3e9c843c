import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Logs a device in by password: `POST /_matrix/client/v3/login` (spec v1.19, "Login").
struct Login: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/login", cost: .account, auth: .none)

    let check: PasswordCheck
    let starter: SessionStarter
    let attempts: LoginAttempts
    let clock: WallClock

    /// - Throws: `M_UNKNOWN` for another type of login, `M_FORBIDDEN` for a wrong name or password,
    ///   `M_USER_DEACTIVATED`, `M_LIMIT_EXCEEDED` after ``LoginAttempts/failuresMax`` wrong passwords.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        guard try body.requiredString("type").utf8.elementsEqual("m.login.password".utf8) else {
            throw MatrixError(status: 400, errcode: "M_UNKNOWN", message: "This server has no such type of login.")
        }
        let name = try PasswordCheck.name(in: body)
        let password = try body.requiredString("password")
        let device = try body.identifier("device_id", as: DeviceID.self)
        let displayName = try body.string("initial_device_display_name")
        let refreshable = try body.bool("refresh_token") ?? false
        try DeviceRules.check(displayName: displayName)

        if let wait = attempts.wait(for: name, at: clock.now()) { throw MatrixError.limitExceeded(retryAfter: wait) }
        guard let account = try await check.account(named: name, password: password) else {
            attempts.failed(name, at: clock.now())
            throw MatrixError.forbidden("Invalid user name or password.")
        }
        guard !account.isDeactivated else {
            throw MatrixError(
                status: 403, errcode: "M_USER_DEACTIVATED", message: "This account has been deactivated.")
        }
        return try await starter.start(
            account.user, device: device, displayName: displayName, refreshable: refreshable)
    }
}
