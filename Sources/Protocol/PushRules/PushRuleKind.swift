/// The kinds of push rules, in the order in which they are gone through.
public enum PushRuleKind: String, Sendable, CaseIterable {
    case override, content, room, sender, underride

    /// Whether its rules have conditions of their own.
    public var hasConditions: Bool { self == .override || self == .underride }
}
