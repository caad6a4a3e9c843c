/// The addresses that begin alike, as `10.0.0.0/8`.
public struct IPNetwork: Sendable, Hashable {
    private let address: IPAddress
    private let length: Int

    /// Parses `address/length` or one address; `nil` for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = IPAddress(String(parts[0])) else { return nil }
        let bits = address.bytes.count * 8
        guard let length = parts.count == 1 ? bits : Int(parts[1]), (0...bits).contains(length) else { return nil }
        self.address = address
        self.length = length
    }

    public func contains(_ other: IPAddress) -> Bool { other.isIn(address, prefix: length) }
}
