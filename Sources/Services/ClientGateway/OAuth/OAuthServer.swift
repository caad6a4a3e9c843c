import CanonicalJSON
import Crypto
import Identifiers
import MatrixHTTP
import Signing
import Storage
import WorkerContracts

/// What the OAuth endpoints share: where they are, the clients, and how tokens are given.
struct OAuthServer: Sendable {
    /// How long a code is good.
    static let codeLife = Duration.seconds(60)
    /// How long a device waits to be allowed, and the shortest time between two of its questions.
    static let deviceRequestLife = Duration.seconds(20 * 60)
    static let pollInterval = Duration.seconds(5)

    /// Without a slash at the end.
    let baseURL: String
    let clients: OAuthClientStore
    let codes: OAuthCodeStore
    let deviceRequests: OAuthDeviceRequestStore
    let accounts: AccountStore
    let starter: SessionStarter
    let removal: DeviceRemoval
    let clock: WallClock

    func url(_ path: String) -> String { baseURL + path }

    /// - Throws: ``OAuthError`` for a client that is unknown.
    func client(_ id: String?) async throws -> OAuthClient {
        guard let id, !id.utf8.contains(0), let metadata = try await clients.metadata(of: id) else {
            throw OAuthError(.invalidClient, "There is no such client.")
        }
        return OAuthClient(id: id, metadata: metadata)
    }

    /// A code for what `user` has allowed.
    func makeCode(_ code: OAuthCode) async throws -> String {
        let text = SecureRandom.text(40, of: SecureRandom.letters)
        let now = clock.now()
        try await codes.insert(Self.hash(text), code, at: now, expiresAt: now.advanced(by: Self.codeLife))
        return text
    }

    /// Tokens for a device that `user` has allowed.
    ///
    /// - Throws: ``OAuthError`` when the account has ended or is locked meanwhile.
    func tokens(for user: UserID, device: DeviceID, client: OAuthClient, scope: String) async throws -> JSONObject {
        guard let account = try await accounts.fetch(user), !account.isDeactivated, !account.isLocked else {
            throw OAuthError(.invalidGrant, "The account cannot be used.")
        }
        let answer = try await starter.start(
            user, device: device, displayName: client.name, refreshable: true, oauthClient: client.id)
        return Self.tokenAnswer(answer, scope: scope)
    }

    /// The members of a token answer of those of a login.
    static func tokenAnswer(_ login: JSONObject, scope: String?) -> JSONObject {
        var answer: JSONObject = ["token_type": "Bearer"]
        answer["access_token"] = login["access_token"]
        answer["refresh_token"] = login["refresh_token"]
        answer["expires_in"] = login["expires_in_ms"]?.intValue.map { .int($0 / 1_000) }
        answer["scope"] = scope.map(JSONValue.string)
        return answer
    }

    static func hash(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

    /// The challenge that belongs to a verifier of PKCE, by S256.
    static func challenge(of verifier: String) -> String {
        UnpaddedBase64.encode(hash(verifier), alphabet: .urlSafe)
    }
}
