import Signing

/// Base64 with `=` at the end, as protocols of others have it.
enum PaddedBase64 {
    static func encode(_ bytes: some Collection<UInt8>) -> String {
        UnpaddedBase64.encode(bytes) + String(repeating: "=", count: (3 - bytes.count % 3) % 3)
    }
}
