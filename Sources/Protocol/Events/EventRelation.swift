import CanonicalJSON
import Identifiers

/// How an event relates to another (spec v1.19, client-server API, "Forming relationships between events").
public struct EventRelation: Sendable {
    /// The longest relation type and key that count, in bytes.
    public static let textBytesMax = 255

    public let parent: EventID
    /// `m.thread`, `m.replace`, `m.annotation`, `m.reference`, or somebody's own.
    public let type: String
    /// What an annotation says of its parent.
    public let key: String?

    /// Reads `m.relates_to` of a content; `nil` without a complete relation, as for a plain reply.
    public init?(content: JSONObject) {
        guard let relates = content["m.relates_to"]?.objectValue, let type = relates["rel_type"]?.stringValue,
            !type.isEmpty, type.utf8.count <= Self.textBytesMax,
            let parent = relates["event_id"]?.stringValue.flatMap({ EventID($0) })
        else { return nil }
        self.parent = parent
        self.type = type
        key = relates["key"]?.stringValue.flatMap { $0.utf8.count <= Self.textBytesMax ? $0 : nil }
    }

    /// Whether the relation is of `type`, compared by bytes.
    public func isType(_ type: String) -> Bool { self.type.utf8.elementsEqual(type.utf8) }
}

extension Event {
    /// How the event relates to another; `nil` when it does not.
    public var relation: EventRelation? { EventRelation(content: content) }

    /// Whether the event can replace another of its type and sender: an edit with a new content, which nobody can tell
    /// of an encrypted one.
    public var isReplacement: Bool {
        guard let relation, relation.isType("m.replace"), !isState else { return false }
        return isType("m.room.encrypted") || content["m.new_content"]?.objectValue != nil
    }
}
