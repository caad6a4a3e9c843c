import HTTPServer
import MatrixHTTP
import Storage

/// Changes the caller's password: `POST /_matrix/client/v3/account/password` (spec v1.19, "Account management").
struct ChangePassword: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/password", cost: .account)

    let check: PasswordCheck
    let auth: InteractiveAuth
    let passwords: Passwords
    let removal: DeviceRemoval

    /// - Throws: the 401 of user-interactive authentication until the old password is right, `M_WEAK_PASSWORD`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let body = BodyFields(try request.jsonBody())
        let newPassword = try body.string("new_password")
        let logsOutDevices = try body.bool("logout_devices") ?? true
        if let newPassword { try PasswordRules.check(newPassword) }
        try await check.demand(
            of: request.caller, for: "password \(request.caller)", in: body, by: auth)
        guard let newPassword else { throw MatrixError.missingParam("'new_password' is missing.") }

        let hash = try await passwords.hash(newPassword)
        try await check.accounts.setPasswordHash(hash, of: request.caller)
        if logsOutDevices { try await removal.removeAll(of: request.caller, except: request.device) }
        return EmptyObject()
    }
}
