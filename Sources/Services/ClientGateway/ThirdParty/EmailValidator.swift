import CanonicalJSON
import Crypto
import Identifiers
import Logging
import MatrixHTTP
import OutboundHTTP
import Storage
import WorkerContracts

/// Sends mails that show whether an address is somebody's, and takes what comes back.
struct EmailValidator: Sendable {
    /// How long a validation is good, from its last mail.
    static let life = Duration.seconds(24 * 3_600)
    /// The longest a mail server may take.
    static let sendMax = Duration.seconds(10)
    static let clientSecretBytesMax = 255
    static let nextLinkBytesMax = 2_048
    static let pagePath = "/_matrix/client/unstable/apus/email/validate"

    let mail: ValidationMail?
    let validations: EmailValidationStore
    let client: HTTPClient
    let baseURL: String
    let clock: WallClock
    let logger: Logger

    /// What a client asks for.
    struct Wish: Sendable {
        let address: EmailAddress
        let clientSecret: String
        let sendAttempt: Int64
        let nextLink: String?

        /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
        init(_ body: BodyFields) throws {
            clientSecret = try EmailValidator.clientSecret(in: body)
            guard let address = EmailAddress(try body.requiredString("email")) else {
                throw MatrixError.invalidParam("'email' is not an address that mail can be sent to.")
            }
            self.address = address
            guard let attempt = try body.int("send_attempt") else {
                throw MatrixError.missingParam("'send_attempt' is missing.")
            }
            guard attempt >= 0 else { throw MatrixError.invalidParam("'send_attempt' is negative.") }
            sendAttempt = attempt
            nextLink = try body.string("next_link")
            let isLink = nextLink.map { $0.hasPrefix("https://") || $0.hasPrefix("http://") } ?? true
            guard isLink, (nextLink?.utf8.count ?? 0) <= EmailValidator.nextLinkBytesMax else {
                throw MatrixError.invalidParam("'next_link' is not a web address.")
            }
        }
    }

    var isOn: Bool { mail != nil }

    /// - Throws: `M_THREEPID_MEDIUM_NOT_SUPPORTED` when this server sends no mail.
    func demandOn() throws {
        guard isOn else { throw Self.mediumNotSupported("This server sends no mail.") }
    }

    static func mediumNotSupported(_ message: String) -> MatrixError {
        MatrixError(status: 400, errcode: "M_THREEPID_MEDIUM_NOT_SUPPORTED", message: message)
    }

    /// Begins a validation; a repeat of the same attempt sends no second mail.
    ///
    /// - Throws: `M_THREEPID_MEDIUM_NOT_SUPPORTED`; 503 when the mail server does not take the mail.
    func begin(_ wish: Wish, for purpose: EmailPurpose) async throws -> JSONObject {
        guard let mail else { throw Self.mediumNotSupported("This server sends no mail.") }
        let now = clock.now()
        let token = SecureRandom.text(32, of: SecureRandom.letters)
        let attempt = EmailAttempt(
            session: SecureRandom.text(24, of: SecureRandom.letters), purpose: purpose, address: wish.address.text,
            clientSecret: wish.clientSecret, sendAttempt: wish.sendAttempt, tokenHash: Self.hash(token),
            nextLink: wish.nextLink, at: now, expiresAt: now.advanced(by: Self.life))
        let (session, isNew) = try await validations.attempt(attempt)
        if isNew {
            let link = "\(baseURL)\(Self.pagePath)?sid=\(session)&client_secret=\(wish.clientSecret)&token=\(token)"
            let message = mail.message(to: wish.address, for: purpose, link: link, at: now)
            do {
                try await client.send(message, by: mail.settings.server, deadline: .now + Self.sendMax)
            } catch {
                logger.error("a mail was not sent", metadata: ["error": "\(error)"])
                try await validations.forgetAttempt(of: session)
                throw MatrixError.unavailable("The mail could not be sent.", retryAfter: .seconds(30))
            }
        }
        return ["sid": .string(session)]
    }

    func validate(_ session: String, clientSecret: String, token: String) async throws -> EmailValidationOutcome {
        guard [session, clientSecret, token].allSatisfy({ !$0.utf8.contains(0) }) else { return .unknown }
        return try await validations.validate(
            session, clientSecret: clientSecret, tokenHash: Self.hash(token), at: clock.now())
    }

    /// The address that the session in `credentials` has shown to be somebody's, for `purpose`; `nil` when it has not.
    ///
    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
    func validated(
        _ credentials: BodyFields, for purpose: EmailPurpose
    ) async throws -> (session: String, email: ValidatedEmail)? {
        let secret = try Self.clientSecret(in: credentials)
        let session = try credentials.requiredString("sid")
        guard !session.utf8.contains(0) else { return nil }
        let email = try await validations.validated(session, clientSecret: secret, for: purpose, at: clock.now())
        return email.map { (session, $0) }
    }

    /// - Throws: `M_INVALID_PARAM` outside of the spec's grammar.
    fileprivate static func clientSecret(in body: BodyFields) throws -> String {
        let secret = try body.requiredString("client_secret")
        let isFine = secret.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: ".=_-".utf8.contains(byte)
            }
        }
        guard isFine, (1...clientSecretBytesMax).contains(secret.utf8.count) else {
            throw MatrixError.invalidParam("'client_secret' is 1 to \(clientSecretBytesMax) of a-z A-Z 0-9 . = _ -")
        }
        return secret
    }

    private static func hash(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }
}
