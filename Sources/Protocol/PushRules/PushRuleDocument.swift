import CanonicalJSON
import Identifiers

/// A user's push rules as clients see and change them: the content of `m.push_rules`.
public struct PushRuleDocument: Sendable {
    /// The account data they are kept in.
    public static let accountDataType = "m.push_rules"
    /// The longest name of a rule, in bytes.
    public static let ruleBytesMax = 1_024

    private let user: UserID
    private var rules: [PushRuleKind: [JSONObject]]

    /// - Parameter stored: what the user has changed; `nil`: nothing. The rules that everybody has are added, as they are
    ///   today, with what the user has made of them.
    public init(_ stored: JSONObject?, of user: UserID) {
        self.user = user
        rules = [:]
        let global = stored?["global"]?.objectValue ?? [:]
        for kind in PushRuleKind.allCases {
            let all = (global[kind.rawValue]?.arrayValue ?? []).compactMap(\.objectValue)
            let own = all.filter { !Self.isDefault(Self.name(of: $0)) }
            let defaults = DefaultPushRules.rules(kind, of: user).map { rule in
                guard let known = all.first(where: { Self.isSame(Self.name(of: $0), Self.name(of: rule)) }) else {
                    return rule
                }
                var changed = rule
                if let isEnabled = known["enabled"]?.boolValue { changed["enabled"] = .bool(isEnabled) }
                if let actions = known["actions"]?.arrayValue { changed["actions"] = .array(PushActions(actions).json) }
                return changed
            }
            let first = defaults.prefix { Self.isSame(Self.name(of: $0), DefaultPushRules.master) }
            rules[kind] = Array(first) + own + defaults.dropFirst(first.count)
        }
    }

    /// The whole, for clients and for keeping.
    public var json: JSONObject {
        var global = JSONObject()
        for kind in PushRuleKind.allCases { global[kind.rawValue] = .array(self[kind].map { .object($0) }) }
        return ["global": .object(global)]
    }

    /// The rules of a kind, the most important first.
    public subscript(kind: PushRuleKind) -> [JSONObject] { rules[kind] ?? [] }

    public func rule(_ name: String, _ kind: PushRuleKind) -> JSONObject? {
        index(of: name, kind).map { self[kind][$0] }
    }

    private func index(of name: String, _ kind: PushRuleKind) -> Int? {
        self[kind].firstIndex { Self.isSame(Self.name(of: $0), name) }
    }

    // MARK: Changing

    /// - Throws: ``PushRuleProblem``.
    public mutating func apply(_ change: PushRuleChange) throws(PushRuleProblem) {
        var list = self[change.kind]
        let known = index(of: change.name, change.kind)
        switch change.what {
        case .set(let rule, let place): try set(rule, at: place, replacing: known, change, &list)
        case .remove:
            guard let known, !Self.isDefault(change.name) else { throw .unknown(change.name) }
            list.remove(at: known)
        case .enable(let isEnabled):
            guard let known else { throw .unknown(change.name) }
            list[known]["enabled"] = .bool(isEnabled)
        case .act(let actions):
            guard let known else { throw .unknown(change.name) }
            list[known]["actions"] = .array(PushActions(actions).json)
        }
        rules[change.kind] = list
    }

    private func set(
        _ rule: JSONObject, at place: PushRuleChange.Place?, replacing known: Int?, _ change: PushRuleChange,
        _ list: inout [JSONObject]
    ) throws(PushRuleProblem) {
        guard !Self.isDefault(change.name) else { throw .reserved(change.name) }
        var rule = rule
        rule["rule_id"] = .string(change.name)
        rule["default"] = false
        rule["enabled"] = known.flatMap { list[$0]["enabled"] } ?? true
        if let known, place == nil {
            list[known] = rule
            return
        }
        if let known { list.remove(at: known) }
        // A new one is the user's most important of its kind.
        var index = list.first.map { Self.isSame(Self.name(of: $0), DefaultPushRules.master) } ?? false ? 1 : 0
        if let place {
            guard !Self.isDefault(place.name),
                let found = list.firstIndex(where: { Self.isSame(Self.name(of: $0), place.name) })
            else { throw .unknownNeighbour(place.name) }
            index = place.isAfter ? found + 1 : found
        }
        list.insert(rule, at: index)
    }

    // MARK: Names

    static func name(of rule: JSONObject) -> String { rule["rule_id"]?.stringValue ?? "" }
    static func isDefault(_ name: String) -> Bool { name.utf8.first == UInt8(ascii: ".") }
    private static func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}

/// One change of a user's push rules.
public struct PushRuleChange: Sendable, Equatable {
    public enum What: Sendable, Equatable {
        /// A rule's conditions or pattern, and actions; where it is to be among the user's own.
        case set(JSONObject, Place?)
        case remove
        case enable(Bool)
        case act([JSONValue])
    }

    /// Beside another rule.
    public struct Place: Sendable, Equatable {
        public var name: String
        /// Less important than that one.
        public var isAfter: Bool

        public init(name: String, isAfter: Bool) {
            self.name = name
            self.isAfter = isAfter
        }
    }

    public var kind: PushRuleKind
    public var name: String
    public var what: What

    public init(kind: PushRuleKind, name: String, what: What) {
        self.kind = kind
        self.name = name
        self.what = what
    }
}

/// Why push rules cannot be changed so.
public enum PushRuleProblem: Error, Equatable, Sendable {
    case unknown(String)
    /// The rule to be put beside is not there, or is one that everybody has.
    case unknownNeighbour(String)
    /// Names with a dot are the server's own.
    case reserved(String)
}
