import CanonicalJSON
import Events
import Identifiers

/// Which events a client wants (spec v1.19, client-server API, "Filtering", `EventFilter` and `RoomEventFilter`).
///
/// A list that is absent lets everything pass, an empty one nothing.
public struct EventFilter: Sendable, Equatable {
    public var limit: Int?
    /// Types, in which `*` stands for any characters.
    public var types: [ByteOrderedText]?
    public var notTypes: [ByteOrderedText]
    public var senders: Set<UserID>?
    public var notSenders: Set<UserID>
    public var rooms: Set<RoomID>?
    public var notRooms: Set<RoomID>
    public var containsURL: Bool?
    /// What must relate to an event; `nil`: nothing need to.
    public var related: RelatedFilter?
    public var lazyLoadsMembers: Bool
    public var includesRedundantMembers: Bool

    /// A filter that lets everything pass.
    public init() { self.init(JSONObject()) }

    /// Reads a filter whose types have been checked when it came in; what is not of its type is taken for absent.
    public init(_ json: JSONObject) {
        limit = json["limit"]?.intValue.map { Int(clamping: $0) }
        types = json["types"]?.arrayValue.map(Self.texts)
        notTypes = json["not_types"]?.arrayValue.map(Self.texts) ?? []
        senders = json["senders"]?.arrayValue.map { Self.identifiers($0) }
        notSenders = json["not_senders"]?.arrayValue.map { Self.identifiers($0) } ?? []
        rooms = json["rooms"]?.arrayValue.map { Self.identifiers($0) }
        notRooms = json["not_rooms"]?.arrayValue.map { Self.identifiers($0) } ?? []
        containsURL = json["contains_url"]?.boolValue
        related = RelatedFilter(
            senders: json["related_by_senders"]?.arrayValue.map { Self.identifiers($0) },
            types: json["related_by_rel_types"]?.arrayValue.map(Self.texts))
        lazyLoadsMembers = json["lazy_load_members"]?.boolValue ?? false
        includesRedundantMembers = json["include_redundant_members"]?.boolValue ?? false
    }

    /// Whether every event of a wanted room passes.
    public var isEverything: Bool {
        types == nil && notTypes.isEmpty && senders == nil && notSenders.isEmpty && containsURL == nil
            && related == nil
    }

    /// Whether events of `room` are wanted at all.
    public func wants(room: RoomID) -> Bool {
        !notRooms.contains(room) && (rooms?.contains(room) ?? true)
    }

    /// Whether the event is wanted, ``related`` aside, which only those can judge who know what relates to it.
    public func wants(_ event: Event) -> Bool {
        guard wants(type: event.type), wants(sender: event.sender) else { return false }
        guard let containsURL else { return true }
        return (event.content["url"]?.stringValue != nil) == containsURL
    }

    public func wants(sender: UserID) -> Bool {
        !notSenders.contains(sender) && senders?.contains(sender) ?? true
    }

    /// Whether things of `type` are wanted, events or account data.
    public func wants(type: String) -> Bool {
        if notTypes.contains(where: { Self.matches(type, pattern: $0) }) { return false }
        return types?.contains { Self.matches(type, pattern: $0) } ?? true
    }

    /// Whether `text` is what `pattern` says, `*` standing for any characters; linear in both but for the stars.
    static func matches(_ text: String, pattern: ByteOrderedText) -> Bool {
        let (text, pattern) = (Array(text.utf8), Array(pattern.utf8))
        var (index, patternIndex) = (0, 0)
        var lastStar: (pattern: Int, text: Int)?
        while index < text.count {
            if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
                lastStar = (patternIndex, index)
                patternIndex += 1
            } else if patternIndex < pattern.count, pattern[patternIndex] == text[index] {
                index += 1
                patternIndex += 1
            } else if let star = lastStar {
                // The last star takes one byte more; earlier ones need not be looked at again.
                lastStar = (star.pattern, star.text + 1)
                (index, patternIndex) = (star.text + 1, star.pattern + 1)
            } else {
                return false
            }
        }
        return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    private static func texts(_ values: [JSONValue]) -> [ByteOrderedText] {
        values.compactMap { $0.stringValue.map { ByteOrderedText($0) } }
    }

    private static func identifiers<ID: Identifier>(_ values: [JSONValue]) -> Set<ID> {
        Set(values.compactMap { $0.stringValue.flatMap { ID($0) } })
    }
}
