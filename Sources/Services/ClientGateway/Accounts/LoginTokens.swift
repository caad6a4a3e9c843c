import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Tokens by which somebody who is logged in logs one more device in.
struct LoginTokens: Sendable {
    /// How long a token is good.
    static let life = Duration.seconds(120)

    let store: AccountTokenStore
    let accounts: AccountStore
    let clock: WallClock

    /// A fresh token for `user`.
    func make(for user: UserID) async throws -> String {
        let token = AccessToken.make(for: user)
        let now = clock.now()
        try await store.insert(token.hash, for: user, at: now, expiresAt: now.advanced(by: Self.life))
        return token.text
    }

    /// Takes a token.
    ///
    /// - Throws: `M_FORBIDDEN` when it is unknown, used or expired.
    func account(for text: String) async throws -> Account {
        guard let token = AccessToken(text), let user = try await store.take(token.hash, at: clock.now()),
            let account = try await accounts.fetch(user)
        else { throw MatrixError.forbidden("This login token is not valid.") }
        return account
    }
}
