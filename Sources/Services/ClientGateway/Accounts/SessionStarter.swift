import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Gives devices their tokens.
struct SessionStarter: Sendable {
    /// How long the access token of a client that can refresh lasts, in milliseconds.
    static let refreshableTokenLifeMs: Int64 = 60 * 60 * 1_000

    let sessions: SessionStore
    let keys: KeyStore
    let clock: WallClock

    /// Logs `user` in on `device`, a new one when `nil`.
    ///
    /// - Parameter oauthClient: the client that did it, if one did.
    /// - Returns: the members of the answer to a login or registration.
    /// - Throws: `M_INVALID_PARAM` for a device that is called like one of the user's cross-signing keys.
    func start(
        _ user: UserID, device: DeviceID?, displayName: String?, refreshable: Bool, oauthClient: String? = nil
    ) async throws -> JSONObject {
        if let device, try await keys.isCrossSigningKey(device.rawValue, of: user) {
            throw MatrixError.invalidParam("A device cannot be called like a cross-signing key.")
        }
        guard let device = device ?? DeviceID(SecureRandom.text(10, of: SecureRandom.uppercase)) else {
            preconditionFailure("ten letters are a device ID")
        }
        let issued = issue(refreshable: refreshable) { AccessToken.make(for: user) }
        let session = SessionStart(
            user: user, device: device, displayName: displayName, tokens: issued.tokens, at: clock.now(),
            oauthClient: oauthClient)
        try await sessions.start(session)
        var answer = issued.answer
        answer["user_id"] = .string(user.rawValue)
        answer["device_id"] = .string(device.rawValue)
        answer["home_server"] = .string(user.server.rawValue)
        return answer
    }

    /// Exchanges a refresh token.
    ///
    /// - Parameter oauthClient: the client whose token it has to be; `nil` for one of the older API.
    /// - Throws: `M_UNKNOWN_TOKEN` when it is no longer, or never was, good; as a soft logout when it was used again after
    ///   its replacement, which ends the device's tokens but not the device; `M_USER_LOCKED`.
    func refresh(_ token: String, oauthClient: String? = nil) async throws -> JSONObject {
        guard let old = AccessToken(token) else { throw MatrixError.unknownToken(softLogout: false) }
        let issued = issue(refreshable: true) { AccessToken.make(for: old.bucket) }
        switch try await sessions.refresh(old.hash, with: issued.tokens, client: oauthClient, at: clock.now()) {
        case .unknown: throw MatrixError.unknownToken(softLogout: false)
        case .reused: throw MatrixError.unknownToken(softLogout: true)
        case .locked: throw MatrixError.userLocked
        case .refreshed(let user, let device):
            try await sessions.dropExpired(of: user, device: device, at: clock.now())
            return issued.answer
        }
    }

    private func issue(refreshable: Bool, _ makeToken: () -> AccessToken)
        -> (tokens: SessionTokens, answer: JSONObject)
    {
        let access = makeToken()
        var answer: JSONObject = ["access_token": .string(access.text)]
        guard refreshable else {
            return (SessionTokens(accessHash: access.hash, accessExpiresAt: nil, refreshHash: nil), answer)
        }
        let refresh = makeToken()
        answer["refresh_token"] = .string(refresh.text)
        answer["expires_in_ms"] = .int(Self.refreshableTokenLifeMs)
        let tokens = SessionTokens(
            accessHash: access.hash,
            accessExpiresAt: clock.now().advanced(by: .milliseconds(Self.refreshableTokenLifeMs)),
            refreshHash: refresh.hash)
        return (tokens, answer)
    }
}
