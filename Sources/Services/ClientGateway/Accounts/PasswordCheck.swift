import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage

/// Checks a person's password, at login and when an operation asks for it again.
struct PasswordCheck: Sendable {
    /// What an account without a password is compared with, so that its answer takes as long (nobody's password).
    private static let decoyHash =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$ojMHEJs4nXkKq6DqbDG8UTRpfC1pjxGPCOwMKKoaXdE"

    let accounts: AccountStore
    let passwords: Passwords
    let server: ServerName

    /// The account whose password this is; `nil` when there is none, whatever the reason.
    func account(named name: String, password: String) async throws -> Account? {
        guard password.utf8.count <= PasswordRules.bytesMax else { return nil }
        for user in Username.candidates(name, on: server) {
            guard let account = try await accounts.fetch(user) else { continue }
            let hash = account.passwordHash ?? Self.decoyHash
            let matches = try await passwords.verify(password, against: hash)
            return matches && account.passwordHash != nil ? account : nil
        }
        _ = try await passwords.verify(password, against: Self.decoyHash)
        return nil
    }

    /// The name in an `m.id.user` identifier or in the deprecated `user` member.
    ///
    /// - Throws: `M_MISSING_PARAM` without either, `M_UNKNOWN` for an identifier of another type.
    static func name(in body: BodyFields) throws -> String {
        guard let identifier = try body.object("identifier").map(BodyFields.init) else {
            guard let user = try body.string("user") else { throw MatrixError.missingParam("'identifier' is missing.") }
            return user
        }
        guard try identifier.requiredString("type").utf8.elementsEqual("m.id.user".utf8) else {
            throw MatrixError(status: 400, errcode: "M_UNKNOWN", message: "This server knows people by user ID only.")
        }
        return try identifier.requiredString("user")
    }

    /// Demands the caller's password for `operation`.
    ///
    /// - Throws: the 401 of user-interactive authentication until the password is right.
    func demand(of caller: UserID, for operation: String, in body: BodyFields, by auth: InteractiveAuth) async throws {
        let attempt = try auth.attempt(.password, for: operation, in: body)
        let name = try Self.name(in: attempt)
        let password = try attempt.requiredString("password")
        guard let account = try await account(named: name, password: password), account.user == caller,
            !account.isDeactivated
        else {
            throw auth.challenge(.password, for: operation, failure: ("M_FORBIDDEN", "Invalid user name or password."))
        }
    }
}
