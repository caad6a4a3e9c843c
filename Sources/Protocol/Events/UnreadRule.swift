import CanonicalJSON
import Identifiers

// Unread counts are differences of numbers that are the same for all members, so which events are numbered cannot depend on
// anybody's own push rules. What is here is what the default rules say of everybody; rules of one's own come beside it.

/// Which events count as unread for everybody, and whom an event singles out.
public enum UnreadRule {
    /// The most users one event can single out; whoever is named beyond is notified like everybody.
    public static let mentionsMax = 50

    /// Whether the event is one of those that members have to read: messages and calls, but no notices, edits and
    /// reactions.
    public static func counts(_ event: Event) -> Bool {
        guard !event.isState, !isSilent(event), event.content["m.relates_to"]?["rel_type"] != "m.replace" else {
            return false
        }
        return event.isType("m.room.message") || event.isType("m.room.encrypted") || event.isType("m.call.invite")
    }

    /// Whether the event notifies nobody, whomever it mentions: notices, and who comes and goes.
    private static func isSilent(_ event: Event) -> Bool {
        event.content["msgtype"] == "m.notice" || event.isType("m.room.member")
    }

    /// The users an event mentions, each once, at most ``mentionsMax``; the sender is none of them.
    public static func mentionedUsers(in event: Event) -> [UserID] {
        guard !isSilent(event) else { return [] }
        var seen: Set<UserID> = [event.sender]
        let named = event.content["m.mentions"]?["user_ids"]?.arrayValue ?? []
        let users = named.prefix(mentionsMax).compactMap { $0.stringValue.flatMap { UserID($0) } }
        return users.filter { seen.insert($0).inserted }
    }

    /// Whether an event mentions the whole room; whether its sender may is for the room's power levels to say.
    public static func mentionsRoom(in event: Event) -> Bool {
        !isSilent(event) && event.content["m.mentions"]?["room"]?.boolValue ?? false
    }

    /// Whether an event singles out everybody by what it is: the end of a room.
    public static func concernsRoom(_ event: Event) -> Bool {
        event.isType("m.room.tombstone") && event.stateKey?.isEmpty ?? false
    }
}
