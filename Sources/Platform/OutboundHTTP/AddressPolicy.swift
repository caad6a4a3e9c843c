// URLs and server names that users choose must not reach what only this machine or its network may reach (metadata
// services, databases, internal ports). A check of the name would be too early, because DNS may answer differently the
// next time; so every socket is judged by its address when it is opened.

/// Which addresses a client may open sockets to.
public enum AddressPolicy: Sendable, Equatable {
    /// Any: for connections within the cluster.
    case any
    /// Globally reachable unicast addresses only: for what users or other servers name.
    case publicOnly
    /// As ``publicOnly``, and what is in these networks: an operator's own.
    case publicAnd([IPNetwork])

    public func allows(_ address: IPAddress) -> Bool {
        switch self {
        case .any: true
        case .publicOnly: address.isPublic
        case .publicAnd(let networks): address.isPublic || networks.contains { $0.contains(address.unwrapped) }
        }
    }
}

extension IPAddress {
    /// Whether the address is globally reachable unicast; an address that carries another is judged by that one too.
    ///
    /// From the IANA special-purpose address registries.
    public var isPublic: Bool {
        if bytes.count == 4 { return !Self.specialIPv4.contains { isIn($0.network, prefix: $0.length) } }
        // IPv4-mapped and NAT64 addresses lie outside of the global block, and are IPv4 addresses in truth.
        if isIn(Self.mapped, prefix: 96) || isIn(Self.nat64, prefix: 96) { return embeddedIPv4(at: 12).isPublic }
        guard isIn(Self.globalUnicast, prefix: 3) else { return false }
        if isIn(Self.sixToFour, prefix: 16) { return embeddedIPv4(at: 2).isPublic }
        return !Self.specialIPv6.contains { isIn($0.network, prefix: $0.length) }
    }

    /// The IPv4 address that an IPv6 one only writes differently.
    fileprivate var unwrapped: IPAddress {
        bytes.count == 16 && isIn(Self.mapped, prefix: 96) ? embeddedIPv4(at: 12) : self
    }

    private func embeddedIPv4(at offset: Int) -> IPAddress { IPAddress(bytes: Array(bytes[offset..<offset + 4])) }

    private typealias Block = (network: IPAddress, length: Int)

    private static let specialIPv4: [Block] = [
        block("0.0.0.0", 8), block("10.0.0.0", 8), block("100.64.0.0", 10), block("127.0.0.0", 8),
        block("169.254.0.0", 16), block("172.16.0.0", 12), block("192.0.0.0", 24), block("192.0.2.0", 24),
        block("192.88.99.0", 24), block("192.168.0.0", 16), block("198.18.0.0", 15), block("198.51.100.0", 24),
        block("203.0.113.0", 24), block("224.0.0.0", 4), block("240.0.0.0", 4),
    ]
    private static let mapped = address("::ffff:0:0")
    private static let nat64 = address("64:ff9b::")
    private static let globalUnicast = address("2000::")
    private static let sixToFour = address("2002::")
    /// Within the global block: protocol assignments (Teredo among them) and documentation.
    private static let specialIPv6: [Block] = [
        block("2001::", 23), block("2001:db8::", 32), block("3fff::", 20),
    ]

    private static func block(_ text: String, _ length: Int) -> Block { (address(text), length) }

    private static func address(_ text: String) -> IPAddress {
        guard let address = IPAddress(text) else { preconditionFailure("a table entry is no address") }
        return address
    }
}
