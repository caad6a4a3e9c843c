import CanonicalJSON
import Identifiers

// Unread counts are differences of numbers that are the same for all members, so which events are numbered cannot depend on
// anybody's own push rules. What is here is what the default rules say of everybody; rules of one's own come beside it.

/// Which events count as unread for everybody, and whom an event singles out.
public enum UnreadRule {
    /// The most users one event can single out; whoever is named beyond is notified like everybody.
    public static let mentionsMax = 50

    /// Whether the event is one of those that members have to read: messages, but no notices, edits and reactions.
    public static func counts(_ event: Event) -> Bool {
        guard !event.isState, event.relation.map({ !$0.isType("m.replace") }) ?? true else { return false }
        if event.isType("m.room.encrypted") { return true }
        guard event.isType("m.room.message") else { return false }
        return event.content["msgtype"]?.stringValue.map { !$0.utf8.elementsEqual("m.notice".utf8) } ?? true
    }

    /// The users an event that counts mentions, each once, at most ``mentionsMax``; the sender is none of them.
    public static func mentionedUsers(in event: Event) -> [UserID] {
        var seen: Set<UserID> = [event.sender]
        let named = event.content["m.mentions"]?["user_ids"]?.arrayValue ?? []
        let users = named.prefix(mentionsMax).compactMap { $0.stringValue.flatMap { UserID($0) } }
        return users.filter { seen.insert($0).inserted }
    }

    /// Whether an event that counts mentions the whole room; whether its sender may is for the room's power levels to say.
    public static func mentionsRoom(in event: Event) -> Bool {
        event.content["m.mentions"]?["room"]?.boolValue ?? false
    }
}
