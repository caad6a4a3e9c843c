import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Adds a validated address: `POST /_matrix/client/v3/account/3pid/add` (spec v1.19, "Adding account administrative
/// contact information").
struct AddContact: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/3pid/add", cost: .account)

    let adder: ContactAdder

    /// - Throws: the 401 of user-interactive authentication, `M_THREEPID_AUTH_FAILED`, `M_THREEPID_IN_USE`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let body = BodyFields(try request.jsonBody())
        try await adder.add(body, body, to: request.caller)
        return EmptyObject()
    }
}

/// The older form of the same: `POST /_matrix/client/v3/account/3pid` (spec v1.19, deprecated).
struct AddContactByCredentials: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/3pid", cost: .account)

    let adder: ContactAdder

    /// - Throws: as ``AddContact``: an address opens the account by a password reset, so the password is asked for here
    ///   too.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let body = BodyFields(try request.jsonBody())
        guard let credentials = try body.object("three_pid_creds") else {
            throw MatrixError.missingParam("'three_pid_creds' is missing.")
        }
        try await adder.add(BodyFields(credentials), body, to: request.caller)
        return EmptyObject()
    }
}

/// Adds addresses to accounts.
struct ContactAdder: Sendable {
    let validator: EmailValidator
    let addresses: ThirdPartyIDStore
    let auth: InteractiveAuth
    let clock: WallClock

    func add(_ credentials: BodyFields, _ body: BodyFields, to user: UserID) async throws {
        let session = try credentials.requiredString("sid")
        _ = try credentials.requiredString("client_secret")
        try await auth.demandOwner(user, to: "add contact \(session)", in: body)
        guard let (session, email) = try await validator.validated(credentials, for: .add) else {
            throw MatrixError(
                status: 400, errcode: "M_THREEPID_AUTH_FAILED", message: "The address has not been validated.")
        }
        try await store(email.address, validatedAt: email.validatedAt, for: user)
        try await validator.validations.end(session)
    }

    /// Adds the address that the email stage of an authentication has shown to be the user's.
    func store(_ proof: JSONValue, for user: UserID) async throws {
        guard let address = proof["address"]?.stringValue, let session = proof["session"]?.stringValue,
            let validatedAt = proof["validated_at"]?.intValue
        else { preconditionFailure("a completed email stage names its address") }
        try await store(address, validatedAt: Timestamp(milliseconds: validatedAt), for: user)
        try await validator.validations.end(session)
    }

    /// - Throws: `M_THREEPID_IN_USE`; `M_INVALID_PARAM` when the user has too many.
    func store(_ address: String, validatedAt: Timestamp, for user: UserID) async throws {
        let outcome = try await addresses.add(
            address, medium: "email", to: user, validatedAt: validatedAt, at: clock.now())
        switch outcome {
        case .added: return
        case .inUse:
            throw MatrixError(
                status: 400, errcode: "M_THREEPID_IN_USE", message: "Another account has this address.")
        case .tooMany:
            throw MatrixError.invalidParam("An account has at most \(ThirdPartyIDStore.perUserMax) addresses.")
        }
    }
}
