import Crypto
import Identifiers

// Idea: a nonce or session that any worker can check without having stored it: the time it was made, randomness and a
// keyed hash over both and what it is for. Nobody can fill a table by asking for sessions, and a request may reach
// another worker at each step. What it authorises must be harmless to repeat within its life: each use also proves a
// password or secret, and a registration takes its name only once.

/// Makes and checks short-lived nonces bound to one purpose.
package struct SignedNonce: Sendable {
    private static let saltBytes = 8
    private static let hashBytes = 16

    private let key: SymmetricKey
    /// How long a nonce is good.
    private let life: Duration

    /// - Parameters:
    ///   - secret: one all workers have.
    ///   - purpose: keeps the nonces of different uses of the secret apart.
    package init(secret: [UInt8], purpose: String, life: Duration) {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("apus \(purpose)".utf8), using: SymmetricKey(data: secret))
        key = SymmetricKey(data: Array(code))
        self.life = life
    }

    /// A nonce for `operation`, as lowercase hexadecimal.
    package func make(for operation: String, at now: Timestamp) -> String {
        let head = Self.bigEndian(now.milliseconds) + SecureRandom.bytes(Self.saltBytes)
        return Hexadecimal.encode(head + hash(head, operation))
    }

    /// Whether `nonce` was made for `operation` and is still good at `now`.
    package func isValid(_ nonce: String, for operation: String, at now: Timestamp) -> Bool {
        guard let bytes = Hexadecimal.decode(nonce), bytes.count == 8 + Self.saltBytes + Self.hashBytes else {
            return false
        }
        let head = Array(bytes[..<(8 + Self.saltBytes)])
        guard Self.equal(hash(head, operation), Array(bytes[(8 + Self.saltBytes)...])) else { return false }
        let madeAt = Timestamp(milliseconds: head[..<8].reduce(Int64(0)) { $0 << 8 | Int64($1) })
        // Another worker's clock may be a little ahead.
        return madeAt <= now.advanced(by: .seconds(5)) && now <= madeAt.advanced(by: life)
    }

    private func hash(_ head: [UInt8], _ operation: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: head + Array(operation.utf8), using: key).prefix(Self.hashBytes))
    }

    private static func bigEndian(_ value: Int64) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    /// Compares in a time that does not depend on where the bytes differ.
    static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
