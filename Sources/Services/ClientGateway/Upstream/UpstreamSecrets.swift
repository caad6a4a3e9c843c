import Crypto
import Identifiers

// Idea: a login at the provider that is under way is kept nowhere but in the browser: a cookie has a random seed, of which
// the nonce and the verifier of PKCE are keyed hashes, and the state that goes through the provider is signed over the
// seed. Who comes back without the cookie did not begin here, and asking for logins fills no table.

/// What ties a login at the provider to the browser that began it.
struct UpstreamSecrets: Sendable {
    /// How long somebody may take at the provider.
    static let life = Duration.seconds(15 * 60)

    let nonce: String
    let verifier: String
    private let seed: String
    private let states: SignedNonce

    /// - Parameter secret: one all workers have.
    init(seed: String, secret: [UInt8]) {
        self.seed = seed
        states = SignedNonce(secret: secret, purpose: "upstream login", life: Self.life)
        let key = SymmetricKey(data: secret)
        func derive(_ purpose: String) -> String {
            let text = Array("apus upstream \(purpose) \(seed)".utf8)
            return Hexadecimal.encode(Array(HMAC<SHA256>.authenticationCode(for: text, using: key)))
        }
        nonce = derive("nonce")
        verifier = derive("verifier")
    }

    /// What goes through the provider: it names where the person goes on to.
    func state(to target: String, at now: Timestamp) -> String {
        "\(states.make(for: "\(seed) \(target)", at: now)).\(target)"
    }

    /// Where the person goes on to; `nil` when this browser did not begin the login, or too long ago.
    func target(of state: String, at now: Timestamp) -> String? {
        let parts = state.split(separator: ".", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let target = String(parts[1])
        return states.isValid(String(parts[0]), for: "\(seed) \(target)", at: now) ? target : nil
    }
}
