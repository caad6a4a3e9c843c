import CanonicalJSON
import Events
import Identifiers

/// A user's push rules, compiled once: what they make of an event.
public struct PushRuleSet: Sendable {
    /// The largest number of members that can be compared with; rooms are never counted further.
    public static let memberCountMax = 1_000

    struct Rule: Sendable {
        let conditions: [PushCondition]
        let actions: PushActions

        init(_ json: JSONObject, _ kind: PushRuleKind) {
            let name = PushRuleDocument.name(of: json)
            conditions =
                switch kind {
                case .override, .postcontent, .underride:
                    (json["conditions"]?.arrayValue ?? []).map { PushCondition($0) }
                case .content: [.match(PropertyPath("content.body"), json["pattern"]?.stringValue)]
                case .room: [.equals(PropertyPath("room_id"), .string(name))]
                case .sender: [.equals(PropertyPath("sender"), .string(name))]
                }
            actions = PushActions(json["actions"]?.arrayValue ?? [])
        }
    }

    private let user: UserID
    /// The enabled ones, the most important first.
    private let rules: [Rule]
    private let shape: PushRuleShape
    /// Whether a rule asks for the user's name in the room.
    public let usesDisplayName: Bool
    /// How far a room's members have to be counted for what the rules ask.
    public let membersCounted: Int

    /// The rules that everybody has, compiled once for all who have not changed them, by their names.
    private static let usual: [ByteOrderedText: (json: JSONObject, rule: Rule)] = {
        guard let nobody = UserID("@nobody:localhost") else { return [:] }
        var usual: [ByteOrderedText: (json: JSONObject, rule: Rule)] = [:]
        for kind in PushRuleKind.allCases {
            for json in DefaultPushRules.rules(kind, of: nobody) {
                usual[ByteOrderedText(PushRuleDocument.name(of: json))] = (json, Rule(json, kind))
            }
        }
        return usual
    }()

    public init(_ document: PushRuleDocument, of user: UserID) {
        self.user = user
        var rules: [Rule] = []
        for kind in PushRuleKind.allCases {
            for rule in document[kind] where rule["enabled"]?.boolValue ?? true {
                let usual = Self.usual[ByteOrderedText(PushRuleDocument.name(of: rule))]
                if let usual, usual.json == rule { rules.append(usual.rule) } else { rules.append(Rule(rule, kind)) }
            }
        }
        self.rules = rules
        let conditions = rules.flatMap(\.conditions)
        usesDisplayName = conditions.contains { if case .displayName = $0 { true } else { false } }
        membersCounted = conditions.compactMap(\.membersCounted).max() ?? 0
        shape = PushRuleShape(document, of: user)
    }

    /// What the first rule that fits has done with `event`; `nil` when none fits, and for the user's own.
    public func actions(for event: Event, _ context: PushContext) -> PushActions? {
        guard event.sender != user else { return nil }
        return rules.first { rule in rule.conditions.allSatisfy { $0.holds(for: event, context) } }?.actions
    }

    /// How what is unread of `room` is counted.
    public func counting(in room: RoomID) -> PushCounting { shape.counting(in: room) }
}

/// How what is unread of a room is counted under somebody's rules.
public enum PushCounting: Sendable, Equatable {
    /// As for everybody: by what the rules make of it that everybody has.
    case usual
    /// Only what singles the user out.
    case highlightsOnly
    /// Nothing notifies.
    case nothing
    /// By going through the events.
    case oneByOne
}
