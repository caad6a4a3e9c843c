import CanonicalJSON
import Identifiers

/// Which servers a room lets take part: `m.room.server_acl` (spec v1.19, client-server API, "Server Access Control Lists
/// (ACLs) for rooms").
public struct ServerACL: Sendable {
    private let allowed: [Glob]
    private let denied: [Glob]
    private let allowsIPLiterals: Bool

    /// Reads the event's content; entries that are no text count as absent, and a list that is none as empty.
    public init(content: JSONObject) {
        func globs(_ key: String) -> [Glob] {
            (content[key]?.arrayValue ?? []).compactMap { $0.stringValue.map { Glob($0.lowercased()) } }
        }
        allowed = globs("allow")
        denied = globs("deny")
        allowsIPLiterals = content["allow_ip_literals"]?.boolValue ?? true
    }

    /// Whether `server`, whatever its port, may take part.
    public func allows(_ server: ServerName) -> Bool {
        let host = Self.host(of: server)
        if !allowsIPLiterals, Self.isIPLiteral(host) { return false }
        if denied.contains(where: { $0.matches(host) }) { return false }
        return allowed.contains { $0.matches(host) }
    }

    /// The name without its port, in lower case.
    private static func host(of server: ServerName) -> String {
        let name = server.rawValue.lowercased()
        if name.utf8.first == UInt8(ascii: "[") { return String(name.prefix { $0 != "]" }) + "]" }
        return String(name.prefix { $0 != ":" })
    }

    private static func isIPLiteral(_ host: String) -> Bool {
        if host.utf8.first == UInt8(ascii: "[") { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
