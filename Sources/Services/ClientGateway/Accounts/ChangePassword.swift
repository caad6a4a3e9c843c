import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Changes a password, by the old one or an address of the account: `POST /_matrix/client/v3/account/password` (spec
/// v1.19, "Account management").
struct ChangePassword: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/password", cost: .account, auth: .none)

    let auth: InteractiveAuth
    let accounts: AccountStore
    let emails: EmailValidator
    let addresses: ThirdPartyIDStore
    let passwords: Passwords
    let removal: DeviceRemoval

    /// - Throws: the 401 of user-interactive authentication until the old password is right, `M_WEAK_PASSWORD`.
    func respond(to request: MaybeUserRequest) async throws -> EmptyObject {
        let body = BodyFields(try request.jsonBody())
        let newPassword = try body.string("new_password")
        let logsOutDevices = try body.bool("logout_devices") ?? true
        if let newPassword { try PasswordRules.check(newPassword) }
        // Before what authorises it is used up.
        if body.has("auth"), newPassword == nil { throw MatrixError.missingParam("'new_password' is missing.") }
        let user = try await authorise(request.user?.caller, body)
        guard let newPassword else { throw MatrixError.missingParam("'new_password' is missing.") }

        let hash = try await passwords.hash(newPassword)
        try await accounts.setPasswordHash(hash, of: user)
        if logsOutDevices { try await removal.removeAll(of: user, except: request.user?.device) }
        return EmptyObject()
    }

    /// Somebody without a token shows an address of the account instead.
    private func authorise(_ caller: UserID?, _ body: BodyFields) async throws -> UserID {
        if let caller {
            try await auth.demandOwner(caller, to: "change the password", in: body)
            return caller
        }
        guard emails.isOn else { throw MatrixError.missingToken }
        let operation = AuthOperation("password", flows: [[.email]], user: nil, emailPurpose: .password)
        let proof = try await auth.demand(operation, in: body)[.email]
        guard let address = proof?["address"]?.stringValue, let session = proof?["session"]?.stringValue else {
            preconditionFailure("a completed email stage names its address")
        }
        guard let owner = try await addresses.user(with: address, medium: "email"),
            let account = try await accounts.fetch(owner)
        else {
            throw MatrixError(status: 400, errcode: "M_THREEPID_NOT_FOUND", message: "No account has this address.")
        }
        guard !account.isLocked else { throw MatrixError.userLocked }
        try await emails.validations.end(session)
        return owner
    }
}
