import CanonicalJSON
import Crypto
import HTTPServer
import Identifiers
import MatrixHTTP
import WorkerContracts

// Operators' tools make accounts with a secret they share with the server: they fetch a nonce, and send the name and
// password with HMAC-SHA1(secret, nonce NUL name NUL password NUL "admin"|"notadmin"). The form is fixed by those tools.

/// A nonce for making an account with the shared secret: `GET /_synapse/admin/v1/register`.
struct GetRegistrationNonce: Endpoint {
    static let route = Route.client(.get, "/_synapse/admin/v1/register", auth: .none)

    let policy: RegistrationPolicy
    let nonces: SignedNonce
    let clock: WallClock

    /// - Throws: `M_UNRECOGNIZED` when no shared secret is configured.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        guard policy.sharedSecret != nil else { throw MatrixError.unrecognized() }
        return ["nonce": .string(nonces.make(for: SharedSecretRegister.operation, at: clock.now()))]
    }
}

/// Makes an account with the shared secret: `POST /_synapse/admin/v1/register`.
struct SharedSecretRegister: Endpoint {
    static let route = Route.client(.post, "/_synapse/admin/v1/register", cost: .account, auth: .none)
    static let operation = "shared-secret registration"
    /// How long a nonce is good.
    static let nonceLife = Duration.seconds(60)

    let policy: RegistrationPolicy
    let nonces: SignedNonce
    let server: ServerName
    let maker: AccountMaker
    let profiles: ProfileSetter
    let clock: WallClock

    /// - Throws: `M_UNRECOGNIZED` when no shared secret is configured, `M_FORBIDDEN` for a wrong code.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        guard let secret = policy.sharedSecret else { throw MatrixError.unrecognized() }
        let body = BodyFields(try request.jsonBody())
        let wish = try AccountWish(body)
        let nonce = try body.requiredString("nonce")
        let name = try body.requiredString("username")
        let password = try body.requiredString("password")
        let isAdmin = try body.bool("admin") ?? false
        let displayName = try body.string("displayname")
        guard nonces.isValid(nonce, for: Self.operation, at: clock.now()) else {
            throw MatrixError(status: 400, errcode: "M_UNKNOWN", message: "The nonce is not known or has expired.")
        }
        var parts = [nonce, name, password, isAdmin ? "admin" : "notadmin"]
        if let userType = try body.string("user_type") { parts.append(userType) }
        guard Self.isCode(try body.requiredString("mac"), of: parts, by: secret) else {
            throw MatrixError(status: 403, errcode: "M_FORBIDDEN", message: "The code is wrong.")
        }
        let user = try Username.newUser(name, on: server)
        let answer = try await maker.make(user, password: password, isAdmin: isAdmin, token: nil, wish: wish)
        if let displayName { try await profiles.store("displayname", .string(displayName), of: user) }
        return answer
    }

    /// Whether `code`, in hexadecimal, is the HMAC-SHA1 of `parts` joined by NUL.
    static func isCode(_ code: String, of parts: [String], by secret: [UInt8]) -> Bool {
        guard let bytes = Hexadecimal.decode(code) else { return false }
        let message = Array(parts.map { Array($0.utf8) }.joined(separator: [0]))
        return HMAC<Insecure.SHA1>.isValidAuthenticationCode(
            bytes, authenticating: message, using: SymmetricKey(data: secret))
    }
}
