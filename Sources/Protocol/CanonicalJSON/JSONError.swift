/// Why bytes are not the JSON that was asked for.
public enum JSONError: Error, Equatable, Sendable {
    /// Not JSON at all: syntax, encoding, a lone surrogate, bytes after the value, a number no double can hold.
    case malformed(String)
    /// Nested deeper than ``JSONLimits/depthMax``.
    case tooDeep
    /// Longer than ``JSONLimits/bytesMax``.
    case tooLarge
    /// An object has this key twice.
    case duplicateKey(String)
    /// Canonical JSON allows integers from -(2^53)+1 to (2^53)-1.
    case integerOutOfRange
    /// Canonical JSON has no fractions and exponents.
    case floatNotAllowed
}
