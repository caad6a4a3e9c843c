/// The kinds of push rules, in the order in which they are gone through.
public enum PushRuleKind: String, Sendable, CaseIterable {
    /// Rules after words that single somebody out and before what is said of a room are the server's own (MSC4306).
    case override, content, postcontent, room, sender, underride

    /// Whether its rules have conditions of their own.
    public var hasConditions: Bool { self == .override || self == .postcontent || self == .underride }

    /// Whether users have rules of it that are theirs.
    public var takesOwnRules: Bool { self != .postcontent }
}
