import CanonicalJSON
import Events
import Identifiers
import Signing

/// Makes events of one room version, hashed and signed by one server.
public struct EventBuilder: Sendable {
    /// The largest event as canonical JSON, signatures and hashes included, in bytes.
    public static let eventBytesMax = 65_536
    /// The longest `sender`, `room_id`, `state_key`, `type` and `event_id`, in bytes.
    public static let fieldBytesMax = 255
    /// The greatest depth; events after one of this depth stay there.
    public static let depthMax: Int64 = (1 << 53) - 1

    public let rules: RoomVersionRules
    public let server: ServerName
    public let key: SigningKey

    public init(rules: RoomVersionRules, server: ServerName, key: SigningKey) {
        self.rules = rules
        self.server = server
        self.key = key
    }

    /// The depth of an event after `prev`.
    public static func depth(after prev: [Event]) -> Int64 {
        guard let deepest = prev.lazy.map(\.depth).max() else { return 1 }
        return deepest >= depthMax ? depthMax : deepest + 1
    }

    /// How an event of this room version names `event`; computes a hash in versions 1 and 2 only.
    public func reference(to event: Event) -> EventParts.Reference {
        guard !rules.eventFormat.hashesAreIDs else { return EventParts.Reference(id: event.id) }
        let hash = EventHashing.referenceHash(event.json, redact: rules.redactEvent)
        return EventParts.Reference(id: event.id, hash: UnpaddedBase64.encode(hash))
    }

    /// Builds the event of `parts`.
    ///
    /// In versions 1 and 2 an event without an ID gets one made of its content hash.
    public func build(_ parts: EventParts) throws(EventBuildError) -> Event {
        guard parts.prevEvents.count <= Event.prevEventsMax else { throw .tooManyPrevEvents(parts.prevEvents.count) }
        guard parts.authEvents.count <= Event.authEventsMax else { throw .tooManyAuthEvents(parts.authEvents.count) }
        let redaction = rules.redactEvent
        var json = rules.eventFormat.assemble(parts)
        if !rules.eventFormat.hashesAreIDs, parts.id == nil {
            let text = UnpaddedBase64.encode(EventHashing.contentHash(json), alphabet: .urlSafe)
            json["event_id"] = .string("$\(text):\(server)")
        }
        do throws(JSONError) {
            try json.requireCanonical()
        } catch {
            throw .notCanonical(error)
        }
        json = EventHashing.hashAndSign(json, as: server, with: key, redact: redaction)
        try Self.checkSize(json)
        do throws(EventError) {
            let id = try EventHashing.eventID(json, format: rules.eventFormat, redact: redaction)
            return try Event(json: json, id: id, format: rules.eventFormat)
        } catch {
            throw .invalid(error)
        }
    }

    /// Builds an event from the events around it; `depth` follows from `prev`.
    public func build(
        room: RoomID, type: String, stateKey: String?, sender: UserID, content: JSONObject, redacts: EventID? = nil,
        prev: [Event], auth: [Event], originServerTS: Timestamp
    ) throws(EventBuildError) -> Event {
        try build(
            EventParts(
                room: room, type: type, stateKey: stateKey, sender: sender, content: content, redacts: redacts,
                originServerTS: originServerTS, depth: Self.depth(after: prev), prevEvents: prev.map(reference),
                authEvents: auth.map(reference)))
    }

    /// Refuses an event, built here or received, that is larger than the protocol allows.
    public static func checkSize(_ json: JSONObject) throws(EventBuildError) {
        for field in ["sender", "room_id", "state_key", "type", "event_id"] {
            if let text = json[field]?.stringValue, text.utf8.count > fieldBytesMax { throw .fieldTooLong(field) }
        }
        let size = json.bytes().count
        guard size <= eventBytesMax else { throw .tooLarge(bytes: size) }
    }
}
