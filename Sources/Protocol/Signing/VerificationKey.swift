import Crypto

/// The public half of a server's Ed25519 key.
public struct VerificationKey: Sendable {
    private let key: Curve25519.Signing.PublicKey

    /// `nil` unless `bytes` are 32 and a point of the curve.
    public init?(_ bytes: [UInt8]) {
        do {
            key = try Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        } catch {
            return nil
        }
    }

    /// Whether `signature` is this key's over `bytes`.
    public func isValid(signature: [UInt8], of bytes: [UInt8]) -> Bool {
        key.isValidSignature(signature, for: bytes)
    }
}
