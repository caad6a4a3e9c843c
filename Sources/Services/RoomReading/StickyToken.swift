import ReplicationLog
import Signing

/// How far a client of sliding sync has been told of sticky events: `k1_` and base64url.
public struct StickyToken: Sendable, Hashable {
    static let prefix = "k1_"

    public let cut: Cut

    public init(_ cut: Cut) { self.cut = cut }

    public var text: String {
        var bytes = TokenBytes()
        cut.append(to: &bytes)
        return Self.prefix + UnpaddedBase64.encode(bytes.bytes, alphabet: .urlSafe)
    }

    /// Reads a token; `nil` for anything that is none.
    public init?(_ text: String) {
        guard text.utf8.count <= SyncToken.lengthMax, text.utf8.starts(with: Self.prefix.utf8),
            let bytes = UnpaddedBase64.decode(text.dropFirst(Self.prefix.count), alphabet: .urlSafe)
        else { return nil }
        var input = TokenBytes(bytes)
        guard let cut = Cut(&input), input.isEmpty else { return nil }
        self.cut = cut
    }
}
