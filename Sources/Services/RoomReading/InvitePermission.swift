import CanonicalJSON
import Identifiers

/// From whom a user takes invites (spec v1.19, "Invite permission"; MSC4155 for single users and servers); pure.
public struct InvitePermission: Sendable {
    public enum Verdict: Sendable, Equatable {
        case allow
        /// The invite is made, and not shown.
        case ignore
        /// The invite is refused.
        case block
    }

    /// The account data that says so.
    public static let types = [
        "m.invite_permission_config", "org.matrix.msc4380.invite_permission_config",
        "org.matrix.msc4155.invite_permission_config",
    ]

    private struct Rule {
        let isServer: Bool
        let pattern: Glob
        let verdict: Verdict
    }

    private let blocksAll: Bool
    private let rules: [Rule]

    /// - Parameter accountData: the user's, of ``types``; what is not of its type is taken for absent.
    public init(_ accountData: (String) -> JSONObject?) {
        let contents = Self.types.compactMap(accountData)
        blocksAll = contents.contains { $0["default_action"] == "block" }
        rules = contents.filter { $0["enabled"]?.boolValue ?? true }.flatMap(Self.rules)
    }

    /// A single user's entry goes before their server's, and allowing before ignoring before blocking.
    private static func rules(in content: JSONObject) -> [Rule] {
        let kinds: [(name: String, verdict: Verdict)] = [
            ("allowed", .allow), ("ignored", .ignore), ("blocked", .block),
        ]
        return [false, true].flatMap { isServer in
            kinds.flatMap { kind, verdict in
                (content["\(kind)_\(isServer ? "servers" : "users")"]?.arrayValue ?? []).compactMap { value in
                    value.stringValue.map { Rule(isServer: isServer, pattern: Glob($0), verdict: verdict) }
                }
            }
        }
    }

    public func verdict(on inviter: UserID) -> Verdict {
        let first = rules.first { $0.pattern.matches($0.isServer ? inviter.server.rawValue : inviter.rawValue) }
        if let first { return first.verdict }
        return blocksAll ? .block : .allow
    }
}
