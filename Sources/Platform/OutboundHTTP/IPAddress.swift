import CLibCurl

/// An IPv4 or IPv6 address.
public struct IPAddress: Hashable, Sendable {
    /// 4 or 16 bytes, in network order.
    public let bytes: [UInt8]

    /// - Precondition: 4 or 16 bytes.
    public init(bytes: [UInt8]) {
        precondition(bytes.count == 4 || bytes.count == 16, "an address has 4 or 16 bytes")
        self.bytes = bytes
    }

    /// Parses `192.0.2.1` or `2001:db8::1`; `nil` for anything else, also for octal, hexadecimal and short forms.
    public init?(_ text: String) {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = apus_parse_ip_address(text, &buffer)
        guard count > 0 else { return nil }
        bytes = Array(buffer.prefix(Int(count)))
    }

    /// Whether the address's first `length` bits are those of `network`, which is of the same family.
    func isIn(_ network: IPAddress, prefix length: Int) -> Bool {
        guard bytes.count == network.bytes.count else { return false }
        let whole = length / 8
        guard bytes[..<whole] == network.bytes[..<whole] else { return false }
        let rest = length % 8
        guard rest > 0 else { return true }
        return (bytes[whole] ^ network.bytes[whole]) >> UInt8(8 - rest) == 0
    }
}
