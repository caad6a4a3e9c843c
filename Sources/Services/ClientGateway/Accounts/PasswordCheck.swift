import Identifiers
import MatrixHTTP
import Storage

/// Checks a person's password, at login and when an operation asks for it again.
struct PasswordCheck: Sendable {
    /// What an account without a password is compared with, so that its answer takes as long (nobody's password).
    private static let decoyHash =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$ojMHEJs4nXkKq6DqbDG8UTRpfC1pjxGPCOwMKKoaXdE"

    let accounts: AccountStore
    let addresses: ThirdPartyIDStore
    let passwords: Passwords
    let rates: RateLimits
    let server: ServerName

    /// The account whose password this is; `nil` when there is none, whatever the reason.
    ///
    /// - Throws: `M_LIMIT_EXCEEDED` after too many wrong passwords, wherever they were given.
    func account(of identity: LoginIdentity, password: String) async throws -> Account? {
        guard password.utf8.count <= PasswordRules.bytesMax else { return nil }
        let users = try await candidates(identity)
        // One account however it is written; what names none is counted as well, so that the two look alike.
        let counted = users.last?.rawValue ?? identity.text
        return try await rates.guess(.loginFailedAttempts, about: counted) { try await find(users, password) }
    }

    private func find(_ users: [UserID], _ password: String) async throws -> Account? {
        for user in users {
            guard let account = try await accounts.fetch(user) else { continue }
            let hash = account.passwordHash ?? Self.decoyHash
            let matches = try await passwords.verify(password, against: hash)
            return matches && account.passwordHash != nil ? account : nil
        }
        _ = try await passwords.verify(password, against: Self.decoyHash)
        return nil
    }

    private func candidates(_ identity: LoginIdentity) async throws -> [UserID] {
        switch identity {
        case .name(let name): Username.candidates(name, on: server)
        case .email(let address):
            [try await addresses.user(with: address.text, medium: "email")].compactMap { $0 }
        }
    }
}
