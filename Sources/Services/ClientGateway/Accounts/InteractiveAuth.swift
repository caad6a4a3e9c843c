import CanonicalJSON
import Identifiers
import MatrixHTTP

// User-interactive authentication (spec v1.19, client-server API). Every operation here has one flow of one stage, so
// nothing needs to be kept between requests: the session is a signed nonce that names the operation it is for, and any
// worker can take up what another began. The session of one operation does not authorise another.

/// Asks for, and checks, the further authentication of an operation.
struct InteractiveAuth: Sendable {
    enum Stage: String {
        case dummy = "m.login.dummy"
        case password = "m.login.password"
        case registrationToken = "m.login.registration_token"
    }

    /// How long a session lasts.
    static let sessionLife = Duration.seconds(15 * 60)

    let nonces: SignedNonce
    let clock: WallClock

    /// The `auth` member of `body`, when it tries `stage`; the caller then checks what the stage asks for.
    ///
    /// A client that knows the flow may leave out the session.
    ///
    /// - Parameter operation: what is authorised, with the user and the things it acts on.
    /// - Throws: the 401 that names the flow, when `auth` is absent, tries another stage or names a session of another
    ///   operation; `M_BAD_JSON` for wrong types.
    func attempt(_ stage: Stage, for operation: String, in body: BodyFields) throws -> BodyFields {
        guard let auth = try body.object("auth").map(BodyFields.init) else { throw challenge(stage, for: operation) }
        if let session = try auth.string("session"), !nonces.isValid(session, for: operation, at: clock.now()) {
            throw challenge(stage, for: operation)
        }
        guard let type = try auth.string("type"), Stage(rawValue: type) == stage else {
            throw challenge(stage, for: operation)
        }
        return auth
    }

    /// The 401 that names the flow, and why the last attempt failed if there was one.
    func challenge(_ stage: Stage, for operation: String, failure: (errcode: String, message: String)? = nil)
        -> MatrixError
    {
        let fields: JSONObject = [
            "flows": [["stages": [.string(stage.rawValue)]]], "params": [:], "completed": [],
            "session": .string(nonces.make(for: operation, at: clock.now())),
        ]
        return MatrixError(
            status: 401, errcode: failure?.errcode, message: failure?.message, fields: fields)
    }
}
