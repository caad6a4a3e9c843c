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
    let tokens: RegistrationTokenStore
    let auth: InteractiveAuth
    let clock: WallClock

    /// - Throws: `M_FORBIDDEN` when registration is closed, `M_INVALID_USERNAME`, `M_USER_IN_USE`, the 401 of
    ///   user-interactive authentication, `M_MISSING_PARAM` without a password.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        try refuseOtherKinds(request, body)
        guard policy.mode != .closed else { throw MatrixError.forbidden("Registration is closed on this server.") }
        let wish = try AccountWish(body)
        let named = try wish.username.map { try Username.newUser($0, on: server) }
        if let named, try await accounts.fetch(named) != nil { throw MatrixError.userInUse("This user name is taken.") }

        let token = try await authorise(body)
        guard let password = wish.password else { throw MatrixError.missingParam("'password' is missing.") }
        let user = try named ?? Username.random(on: server)
        return try await maker.make(user, password: password, isAdmin: false, token: token, wish: wish)
    }

    private func refuseOtherKinds(_ request: PublicRequest, _ body: BodyFields) throws {
        if try body.string("type")?.utf8.elementsEqual("m.login.application_service".utf8) ?? false {
            throw MatrixError.forbidden("No application service has this token.")
        }
        switch request.query("kind") {
        case nil, "user"?: return
        case "guest"?:
            throw MatrixError(
                status: 403, errcode: "M_GUEST_ACCESS_FORBIDDEN", message: "This server has no guest accounts.")
        default: throw MatrixError.invalidParam("'kind' is user or guest.")
        }
    }

    /// Goes through the one stage the policy asks for.
    ///
    /// - Returns: the registration token to take a use of.
    private func authorise(_ body: BodyFields) async throws -> String? {
        guard policy.mode == .token else {
            _ = try auth.attempt(.dummy, for: "register", in: body)
            return nil
        }
        let attempt = try auth.attempt(.registrationToken, for: "register", in: body)
        let token = try attempt.requiredString("token")
        guard !token.utf8.contains(0), try await tokens.isValid(token, at: clock.now()) else {
            throw auth.challenge(
                .registrationToken, for: "register",
                failure: ("M_UNAUTHORIZED", "This registration token is not valid."))
        }
        return token
    }
}
