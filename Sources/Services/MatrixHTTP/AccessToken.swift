import Crypto
import Identifiers

/// An access or refresh token: `apus_<bucket>_<random>_<checksum>`.
///
/// The bucket comes from the user's ID, so that the router can send one user's requests to one worker without a
/// look-up; it is for routing only and never trusted. The checksum lets a slip be refused without asking the database.
/// Only the SHA-256 of a token is stored.
public struct AccessToken: Sendable, Hashable {
    /// Bytes of randomness.
    static let randomByteCount = 16
    static let bucketLength = 8
    /// Longer ones are refused unread.
    package static let lengthMax = 128

    public let text: String

    /// Takes a token as a client sent it; `nil` when it cannot be one of ours.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.lengthMax else { return nil }
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "apus" else { return nil }
        let body = parts.prefix(3).joined(separator: "_")
        guard parts[3] == Self.hexadecimal(CRC32.checksum(of: body.utf8), digits: 8) else { return nil }
        self.text = text
    }

    private init(unchecked text: String) { self.text = text }

    /// A fresh token for a user.
    public static func make(for user: UserID) -> AccessToken {
        make(bucket: bucket(of: user))
    }

    /// A fresh token that is routed as another of the same user.
    public static func make(for bucket: String) -> AccessToken { make(bucket: bucket) }

    private static func make(bucket: String) -> AccessToken {
        var generator = SystemRandomNumberGenerator()
        let random = (0..<randomByteCount).map { _ in
            hexadecimal(UInt32(UInt8.random(in: .min ... .max, using: &generator)), digits: 2)
        }.joined()
        let body = "apus_\(bucket)_\(random)"
        return AccessToken(unchecked: "\(body)_\(hexadecimal(CRC32.checksum(of: body.utf8), digits: 8))")
    }

    public var bucket: String { String(text.split(separator: "_")[1]) }

    /// What is stored.
    public var hash: [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

    /// The bucket of a user's tokens: eight letters, the same on every worker.
    package static func bucket(of user: UserID) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        let digest = SHA256.hash(data: Array(user.rawValue.utf8)).prefix(5).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let letters = (0..<bucketLength).map { alphabet[Int(digest >> (35 - 5 * UInt64($0)) & 31)] }
        return String(decoding: letters, as: UTF8.self)
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }
}

/// CRC-32 as in zip (polynomial 0xEDB88320): finds slips, keeps nothing secret.
enum CRC32 {
    static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
        var value = ~UInt32(0)
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
        }
        return ~value
    }
}
