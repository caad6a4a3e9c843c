import CanonicalJSON
import Events
import Identifiers

/// What a rule's conditions may ask about beside the event.
public struct PushContext: Sendable {
    /// How many are in the room, as far as ``PushRuleSet/membersCounted`` needs it counted.
    public var memberCount: Int
    /// The reader's name in the room.
    public var displayName: String?
    /// Whether the reader follows the thread that the event is in (MSC4306); `nil` when it is in none, or the reader does not
    /// follow threads one by one.
    public var isThreadSubscribed: Bool?
    /// Whether somebody may notify all, by the room's power levels; the kind of notification is `room`, for one.
    public var mayNotify: @Sendable (UserID, String) -> Bool

    public init(
        memberCount: Int, displayName: String? = nil, isThreadSubscribed: Bool? = nil,
        mayNotify: @escaping @Sendable (UserID, String) -> Bool
    ) {
        self.memberCount = memberCount
        self.displayName = displayName
        self.isThreadSubscribed = isThreadSubscribed
        self.mayNotify = mayNotify
    }
}

/// A condition of a push rule (spec v1.19, client-server API, "Conditions"), compiled.
enum PushCondition: Sendable {
    /// A value without regard to case; in lower case here.
    case text(PropertyPath, String)
    case value(PropertyPath, TextGlob)
    case words(PropertyPath, TextGlob)
    case equals(PropertyPath, JSONValue)
    case contains(PropertyPath, JSONValue)
    case displayName
    case memberCount(Comparison, Int)
    case senderMayNotify(String)
    /// The event is in a thread that the reader follows, or does not.
    case inThread(isSubscribed: Bool)
    /// One that this server does not know: it matches nothing.
    case unknown

    /// Unstable until MSC4306 is in the specification.
    static let threadKind = "io.element.msc4306.thread_subscription"

    enum Comparison: String, Sendable, CaseIterable {
        case atMost = "<="
        case atLeast = ">="
        case equal = "=="
        case less = "<"
        case more = ">"
    }

    init(_ json: JSONValue) {
        let key = json["key"]?.stringValue.map { PropertyPath($0) }
        switch (json["kind"]?.stringValue ?? "", key) {
        case ("event_match", let path?): self = Self.match(path, json["pattern"]?.stringValue)
        case ("event_property_is", let path?):
            self = json["value"].flatMap(Self.plain).map { .equals(path, $0) } ?? .unknown
        case ("event_property_contains", let path?):
            self = json["value"].flatMap(Self.plain).map { .contains(path, $0) } ?? .unknown
        case ("contains_display_name", _): self = .displayName
        case ("room_member_count", _): self = Self.count(json["is"]?.stringValue ?? "")
        case ("sender_notification_permission", _):
            self = json["key"]?.stringValue.map { .senderMayNotify($0) } ?? .unknown
        case (Self.threadKind, _):
            self = json["subscribed"]?.boolValue.map { .inThread(isSubscribed: $0) } ?? .unknown
        default: self = .unknown
        }
    }

    static func match(_ path: PropertyPath, _ pattern: String?) -> PushCondition {
        guard let pattern else { return .unknown }
        // Most patterns are plain words: those of the rules that everybody has, for one.
        if !path.isBody, !pattern.utf8.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }) {
            return .text(path, pattern.lowercased())
        }
        return path.isBody ? .words(path, TextGlob(pattern)) : .value(path, TextGlob(pattern))
    }

    /// Strings, integers, truth values and null can be compared.
    private static func plain(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .string, .int, .bool, .null: value
        case .double, .array, .object: nil
        }
    }

    private static func count(_ text: String) -> PushCondition {
        let comparison = Comparison.allCases.first { text.utf8.starts(with: $0.rawValue.utf8) }
        let digits = String(text.dropFirst(comparison?.rawValue.count ?? 0))
        guard let number = Int(digits), number >= 0 else { return .unknown }
        return .memberCount(comparison ?? .equal, number)
    }

    /// How far members have to be counted; `nil` when they need not be.
    var membersCounted: Int? {
        if case .memberCount(_, let number) = self { min(number, PushRuleSet.memberCountMax) + 1 } else { nil }
    }

    func holds(for event: Event, _ context: PushContext) -> Bool {
        switch self {
        case .text(let path, let text):
            return path.value(in: event)?.stringValue.map { $0.lowercased().utf8.elementsEqual(text.utf8) } ?? false
        case .value(let path, let glob): return path.value(in: event)?.stringValue.map(glob.matches) ?? false
        case .words(let path, let glob): return path.value(in: event)?.stringValue.map(glob.matchesWords) ?? false
        case .equals(let path, let value): return path.value(in: event) == value
        case .contains(let path, let value): return path.value(in: event)?.arrayValue?.contains(value) ?? false
        case .displayName:
            guard let name = context.displayName, !name.isEmpty, let body = event.content["body"]?.stringValue else {
                return false
            }
            return TextGlob.literal(name).matchesWords(in: body)
        case .memberCount(let comparison, let number): return Self.compare(context.memberCount, comparison, number)
        case .senderMayNotify(let kind): return context.mayNotify(event.sender, kind)
        case .inThread(let isSubscribed): return context.isThreadSubscribed == isSubscribed
        case .unknown: return false
        }
    }

    private static func compare(_ left: Int, _ comparison: Comparison, _ right: Int) -> Bool {
        switch comparison {
        case .atMost: left <= right
        case .atLeast: left >= right
        case .equal: left == right
        case .less: left < right
        case .more: left > right
        }
    }
}

extension TextGlob {
    /// A pattern in which stars and question marks stand for themselves, as near as globs come to it: for one character.
    static func literal(_ text: String) -> TextGlob {
        TextGlob(String(text.map { $0 == "*" ? "?" : $0 }))
    }
}
