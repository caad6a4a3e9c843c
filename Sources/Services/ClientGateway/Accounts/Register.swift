import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Makes an account: `POST /_matrix/client/v3/register` (spec v1.19, "Account registration").
struct Register: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/register", cost: .account, auth: .none)

    let policy: RegistrationPolicy
    let server: ServerName
    let accounts: AccountStore
    let maker: AccountMaker
    let guests: GuestAccounts
    let contacts: ContactAdder
    let auth: InteractiveAuth
    let rates: RateLimits

    /// - Throws: `M_FORBIDDEN` when registration is closed, `M_INVALID_USERNAME`, `M_USER_IN_USE`, the 401 of
    ///   user-interactive authentication, `M_MISSING_PARAM` without a password, `M_GUEST_ACCESS_FORBIDDEN`.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        if try body.string("type")?.utf8.elementsEqual("m.login.application_service".utf8) ?? false {
            throw MatrixError.forbidden("No application service has this token.")
        }
        switch request.query("kind") {
        case nil, "user"?: return try await makeUser(body, from: request.clientAddress)
        case "guest"?:
            try await rates.demand(.registration, from: request.clientAddress)
            return try await guests.make(body)
        default: throw MatrixError.invalidParam("'kind' is user or guest.")
        }
    }

    private func makeUser(_ body: BodyFields, from address: String?) async throws -> JSONObject {
        guard policy.mode != .closed else { throw MatrixError.forbidden("Registration is closed on this server.") }
        let wish = try AccountWish(body)
        let named = try wish.username.map { try Username.newUser($0, on: server) }
        let guest = try await guests.upgrading(body, to: named)
        if let named, guest == nil, try await accounts.fetch(named) != nil {
            throw MatrixError.userInUse("This user name is taken.")
        }

        let operation = AuthOperation(
            "register", flows: policy.flows(withEmail: contacts.validator.isOn), user: nil, emailPurpose: .register,
            origin: address)
        let evidence = try await auth.demand(operation, in: body)
        try await rates.demand(.registration, from: address)
        guard let password = wish.password else { throw MatrixError.missingParam("'password' is missing.") }
        if let guest { return try await guests.upgrade(guest, password: password, wish: wish) }
        let user = try named ?? Username.random(on: server)
        let token = evidence[.registrationToken]?["token"]?.stringValue
        let answer = try await maker.make(user, password: password, isAdmin: false, token: token, wish: wish)
        if let proof = evidence[.email] { try await contacts.store(proof, for: user) }
        return answer
    }
}
