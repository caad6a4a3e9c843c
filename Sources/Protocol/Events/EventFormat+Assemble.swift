import CanonicalJSON
import Identifiers

/// Everything an event says before it is hashed and signed.
public struct EventParts: Sendable {
    /// An event that this one names.
    public struct Reference: Sendable {
        public var id: EventID
        /// The event's reference hash; only version 1's format writes it.
        public var hash: String?

        public init(id: EventID, hash: String? = nil) {
            self.id = id
            self.hash = hash
        }
    }

    /// `nil` for the create event of a version 12 room.
    public var room: RoomID?
    public var type: String
    public var stateKey: String?
    public var sender: UserID
    public var content: JSONObject
    /// A redaction's target; put where the format wants it.
    public var redacts: EventID?
    /// How long the event sticks; `nil`: it does not.
    public var stickyDuration: Duration?
    public var originServerTS: Timestamp
    public var depth: Int64
    public var prevEvents: [Reference]
    public var authEvents: [Reference]
    /// The chosen ID in version 1's format; ignored by others.
    public var id: EventID?

    public init(
        room: RoomID?, type: String, stateKey: String?, sender: UserID, content: JSONObject, redacts: EventID? = nil,
        stickyDuration: Duration? = nil, originServerTS: Timestamp, depth: Int64, prevEvents: [Reference],
        authEvents: [Reference], id: EventID? = nil
    ) {
        self.room = room
        self.type = type
        self.stateKey = stateKey
        self.sender = sender
        self.content = content
        self.redacts = redacts
        self.stickyDuration = stickyDuration
        self.originServerTS = originServerTS
        self.depth = depth
        self.prevEvents = prevEvents
        self.authEvents = authEvents
        self.id = id
    }
}

extension EventFormat {
    /// Writes `parts` as an event of this format, not hashed or signed yet.
    public func assemble(_ parts: EventParts) -> JSONObject {
        var content = parts.content
        if let redacts = parts.redacts, redactsIsInContent { content["redacts"] = .string(redacts.rawValue) }
        var json: JSONObject = [
            "type": .string(parts.type),
            "sender": .string(parts.sender.rawValue),
            "content": .object(content),
            "origin_server_ts": .int(parts.originServerTS.milliseconds),
            "depth": .int(parts.depth),
            "prev_events": .array(parts.prevEvents.map(reference)),
            "auth_events": .array(parts.authEvents.map(reference)),
        ]
        json[Stickiness.member] = parts.stickyDuration.map { Stickiness.content($0) }
        json["room_id"] = parts.room.map { .string($0.rawValue) }
        json["state_key"] = parts.stateKey.map { .string($0) }
        if let redacts = parts.redacts, !redactsIsInContent { json["redacts"] = .string(redacts.rawValue) }
        if self == .v1 {
            json["event_id"] = parts.id.map { .string($0.rawValue) }
            // Versions 1 and 2 want it in the event; later ones dropped it.
            json["origin"] = .string(parts.sender.server.rawValue)
        }
        return json
    }

    private func reference(_ reference: EventParts.Reference) -> JSONValue {
        guard self == .v1 else { return .string(reference.id.rawValue) }
        var hashes = JSONObject()
        hashes["sha256"] = reference.hash.map { .string($0) }
        return [.string(reference.id.rawValue), .object(hashes)]
    }
}
