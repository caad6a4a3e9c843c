/// Why a password was not hashed or verified.
public enum PasswordHashingError: Error, Equatable, Sendable {
    /// Too many wait already; try again in a second.
    case busy
    /// Longer than ``PasswordHasher/passwordBytesMax``.
    case passwordTooLong
    /// The stored text is no argon2id hash.
    case invalidHash
    /// The library failed, as for want of memory.
    case failed(String)
}
