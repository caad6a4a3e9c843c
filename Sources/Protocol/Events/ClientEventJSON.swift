import CanonicalJSON
import Identifiers

/// An event as clients get it, built once and shared: ready bytes into which each caller's `unsigned` is spliced.
///
/// `unsigned.age` is left out everywhere, so that the bytes do not depend on the moment (spec v1.19, client-server API,
/// "Room event format": `age` is optional).
public struct ClientEventJSON: Sendable {
    /// The event's members, joined by commas, without the braces.
    public let members: [UInt8]

    /// - Parameter includesRoom: false inside a `/sync` answer, where the room is the key above.
    public init(_ event: Event, includesRoom: Bool = true) {
        var writer = JSONWriter(reservingBytes: 512)
        writer.member("content", Self.content(of: event))
        writer.member("event_id", event.id.rawValue)
        if let duration = event.stickyDuration {
            writer.member(Stickiness.member, Stickiness.content(duration))
        }
        writer.member("origin_server_ts", event.originServerTS.milliseconds)
        // Both places, so that clients of either age find it (room version 11, "Redactions").
        if let redacts = event.redacts { writer.member("redacts", redacts.rawValue) }
        if includesRoom { writer.member("room_id", event.room.rawValue) }
        writer.member("sender", event.sender.rawValue)
        if let stateKey = event.stateKey { writer.member("state_key", stateKey) }
        writer.member("type", event.type)
        members = writer.bytes
    }

    /// The event as a JSON object.
    ///
    /// - Parameter unsigned: a JSON object, or `nil` for an event without `unsigned`.
    public func bytes(unsigned: [UInt8]? = nil) -> [UInt8] {
        var writer = JSONWriter(reservingBytes: members.count + (unsigned?.count ?? 0) + 16)
        write(to: &writer, unsigned: unsigned)
        return writer.bytes
    }

    /// Writes the event as the next value.
    public func write(to writer: inout JSONWriter, unsigned: [UInt8]? = nil) {
        writer.beginObject()
        writer.rawMembers(members)
        if let unsigned { writer.member("unsigned", raw: unsigned) }
        writer.endObject()
    }

    /// The event as invited and knocking clients see it: content, sender, state key and type only.
    public static func stripped(_ event: Event) -> [UInt8] {
        var writer = JSONWriter(reservingBytes: 256)
        writer.beginObject()
        writer.member("content", event.content)
        writer.member("sender", event.sender.rawValue)
        writer.member("state_key", event.stateKey ?? "")
        writer.member("type", event.type)
        writer.endObject()
        return writer.bytes
    }

    private static func content(of event: Event) -> JSONObject {
        guard let redacts = event.redacts, event.content["redacts"] == nil else { return event.content }
        var content = event.content
        content["redacts"] = .string(redacts.rawValue)
        return content
    }
}
