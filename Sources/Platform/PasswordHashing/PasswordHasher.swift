import BlockingWork
import CArgon2

/// Hashes and verifies passwords with argon2id, 19 MiB, two passes, one lane: about 24 ms of one core each.
public final class PasswordHasher: Sendable {
    /// How many passwords are worked on at once.
    public static let threadsMax = 2
    /// How many may wait: under a second of work for ``threadsMax`` threads.
    public static let queueMax = 64
    /// The longest password, in bytes of UTF-8.
    public static let passwordBytesMax = 1_024

    private static let passes: UInt32 = 2
    private static let memoryKibibytes: UInt32 = 19 * 1_024
    private static let lanes: UInt32 = 1
    private static let saltByteCount = 16
    private static let hashByteCount = 32

    private let pool: BoundedWorkPool

    public init(threadsMax: Int = threadsMax, queueMax: Int = queueMax) {
        pool = BoundedWorkPool(threadsMax: threadsMax, queueMax: queueMax)
    }

    /// Hashes `password` with a fresh salt.
    ///
    /// - Returns: the encoded form, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
    public func hash(_ password: String) async throws(PasswordHashingError) -> String {
        let bytes = try Self.bytes(of: password)
        guard let result = await pool.run({ Self.hash(bytes) }) else { throw .busy }
        return try result.get()
    }

    /// Whether `password` is the one `encoded` was made of.
    ///
    /// - Throws: ``PasswordHashingError/invalidHash`` when `encoded` is no argon2id hash.
    public func verify(_ password: String, against encoded: String) async throws(PasswordHashingError) -> Bool {
        // No stored hash can be of a password that long.
        guard let bytes = try? Self.bytes(of: password) else { return false }
        guard let result = await pool.run({ Self.verify(bytes, encoded) }) else { throw .busy }
        return try result.get()
    }

    private static func bytes(of password: String) throws(PasswordHashingError) -> [UInt8] {
        guard password.utf8.count <= passwordBytesMax else { throw .passwordTooLong }
        return Array(password.utf8)
    }

    private static func hash(_ password: [UInt8]) -> Result<String, PasswordHashingError> {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<saltByteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let encodedCount = argon2_encodedlen(
            passes, memoryKibibytes, lanes, UInt32(saltByteCount), UInt32(hashByteCount), Argon2_id)
        var encoded = [CChar](repeating: 0, count: encodedCount)
        let outcome = argon2id_hash_encoded(
            passes, memoryKibibytes, lanes, password, password.count, salt, salt.count, hashByteCount, &encoded,
            encoded.count)
        guard outcome == ARGON2_OK.rawValue else { return .failure(.failed(message(outcome))) }
        let text = encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return .success(String(decoding: text, as: UTF8.self))
    }

    private static func verify(_ password: [UInt8], _ encoded: String) -> Result<Bool, PasswordHashingError> {
        let outcome = argon2id_verify(encoded, password, password.count)
        switch Argon2_ErrorCodes(rawValue: outcome) {
        case ARGON2_OK: return .success(true)
        case ARGON2_VERIFY_MISMATCH: return .success(false)
        case ARGON2_MEMORY_ALLOCATION_ERROR: return .failure(.failed(message(outcome)))
        default: return .failure(.invalidHash)
        }
    }

    private static func message(_ outcome: Int32) -> String { String(cString: argon2_error_message(outcome)) }
}
