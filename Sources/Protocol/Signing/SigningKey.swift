import Crypto

/// A server's Ed25519 key pair with its ID, such as `ed25519:a_1`.
///
/// It prints without its secret.
public struct SigningKey: Sendable, CustomStringConvertible {
    /// The length of a seed, in bytes.
    public static let seedByteCount = 32

    /// `ed25519:` and the version.
    public let keyID: String
    private let privateKey: Curve25519.Signing.PrivateKey

    /// Makes the key pair of `seed`.
    ///
    /// - Parameter keyID: `ed25519:` and a version of `a-z A-Z 0-9 _`.
    public init(keyID: String, seed: [UInt8]) throws(SigningKeyError) {
        guard Self.isValid(keyID: keyID) else { throw .invalidKeyID }
        guard seed.count == Self.seedByteCount else { throw .invalidSeed }
        do {
            privateKey = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        } catch {
            throw .invalidSeed
        }
        self.keyID = keyID
    }

    /// Reads a key file: one line `ed25519 <version> <seed in unpadded Base64>`.
    public static func parse(file: String) throws(SigningKeyError) -> SigningKey {
        let lines = file.split(whereSeparator: \.isNewline)
        guard lines.count == 1, let line = lines.first else { throw .invalidFile }
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count == 3, words[0] == "ed25519" else { throw .invalidFile }
        guard let seed = UnpaddedBase64.decode(words[2]) else { throw .invalidSeed }
        return try SigningKey(keyID: "ed25519:\(words[1])", seed: seed)
    }

    /// The 32 bytes others verify with.
    public var publicKey: [UInt8] { Array(privateKey.publicKey.rawRepresentation) }

    /// The key's seed, for writing the key file; never for logs.
    public var seed: [UInt8] { Array(privateKey.rawRepresentation) }

    /// The key file's line, as ``parse(file:)`` reads it; never for logs.
    public var fileLine: String {
        "ed25519 \(keyID.dropFirst("ed25519:".count)) \(UnpaddedBase64.encode(seed))\n"
    }

    public var description: String { "SigningKey(\(keyID))" }

    /// The 64-byte Ed25519 signature of `bytes`.
    public func sign(_ bytes: [UInt8]) -> [UInt8] {
        do {
            return Array(try privateKey.signature(for: bytes))
        } catch {
            preconditionFailure("Ed25519 signing cannot fail: \(error)")
        }
    }

    private static func isValid(keyID: String) -> Bool {
        let prefix = "ed25519:".utf8
        let version = keyID.utf8.dropFirst(prefix.count)
        return keyID.utf8.starts(with: prefix) && !version.isEmpty
            && version.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

/// Why a signing key cannot be used.
public enum SigningKeyError: Error, Equatable, Sendable {
    case invalidKeyID
    /// Not 32 bytes of Base64.
    case invalidSeed
    /// Not one line `ed25519 <version> <seed>`.
    case invalidFile
}
