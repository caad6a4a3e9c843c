/// Whether a room takes an event.
public enum AuthDecision: Sendable, Equatable {
    case allow
    case reject(AuthRejection)

    public var isAllowed: Bool { self == .allow }
}

/// Why a room does not take an event.
public struct AuthRejection: Error, Sendable, Equatable, CustomStringConvertible {
    public let rule: AuthRule
    private let rules: RoomVersionRules

    init(rule: AuthRule, rules: RoomVersionRules) {
        self.rule = rule
        self.rules = rules
    }

    /// The rule's number in the room version's specification, such as `5.3.4`.
    public var number: String { rule.number(in: rules) }
    /// What is wrong, for people.
    public var sentence: String { rule.sentence }
    public var description: String { "\(sentence) (Authorisation rule \(number).)" }

    public static func == (left: AuthRejection, right: AuthRejection) -> Bool { left.rule == right.rule }
}
