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
        let host = server.host.lowercased()
        if !allowsIPLiterals, server.isIPLiteral { return false }
        if denied.contains(where: { $0.matches(host) }) { return false }
        return allowed.contains { $0.matches(host) }
    }
}
