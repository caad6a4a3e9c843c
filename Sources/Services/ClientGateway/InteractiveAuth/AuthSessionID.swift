import Crypto
import Identifiers

// Idea: a session is its ID alone, a signed nonce that names the operation it is for, so that any worker can take up
// what another began and asking for sessions fills no table. Only what was completed on the way through a flow of
// several stages is stored, by somebody who could complete one.

/// Makes and checks the IDs of authentication sessions: the digest of the operation, and a nonce over it.
struct AuthSessionID: Sendable {
    /// Hexadecimal digits of the operation's digest.
    private static let digestLength = 32

    let nonces: SignedNonce

    func make(for operation: String, at now: Timestamp) -> String {
        let digest = Self.digest(operation)
        return digest + nonces.make(for: digest, at: now)
    }

    /// Whether `session` was begun for `operation` and has not expired.
    func isValid(_ session: String, for operation: String, at now: Timestamp) -> Bool {
        session.hasPrefix(Self.digest(operation)) && isValid(session, at: now)
    }

    /// Whether `session` was begun for something and has not expired; for pages that complete a stage of any operation.
    func isValid(_ session: String, at now: Timestamp) -> Bool {
        let digest = String(session.prefix(Self.digestLength))
        return nonces.isValid(String(session.dropFirst(Self.digestLength)), for: digest, at: now)
    }

    private static func digest(_ operation: String) -> String {
        String(Hexadecimal.encode(Array(SHA256.hash(data: Array(operation.utf8)))).prefix(digestLength))
    }
}
