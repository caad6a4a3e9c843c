import CanonicalJSON
import Identifiers

/// An event as servers exchange it (a PDU), parsed once and never changed.
///
/// One pointer to copy: rooms, caches and state resolution hold the same event many times.
public struct Event: Sendable {
    /// The most events an event may name as its predecessors (spec v1.19, "PDUs").
    public static let prevEventsMax = 20
    /// The most events an event may name as its authorisation.
    public static let authEventsMax = 10

    private final class Storage: Sendable {
        let id: EventID
        let room: RoomID
        let type: String
        let stateKey: String?
        let sender: UserID
        let content: JSONObject
        let depth: Int64
        let originServerTS: Timestamp
        let prevEvents: [EventID]
        let authEvents: [EventID]
        let redacts: EventID?
        let json: JSONObject
        let format: EventFormat

        init(json: JSONObject, id: EventID, format: EventFormat) throws(EventError) {
            let fields = EventFields(json: json)
            self.id = id
            self.json = json
            self.format = format
            type = try fields.string("type")
            room = try fields.room(id: id, type: type, format: format)
            stateKey = try fields.optionalString("state_key")
            sender = try fields.identifier("sender")
            content = try fields.object("content")
            depth = try fields.integer("depth")
            originServerTS = Timestamp(milliseconds: try fields.integer("origin_server_ts"))
            prevEvents = try fields.references("prev_events", format: format)
            authEvents = try fields.references("auth_events", format: format)
            redacts = fields.redacts(type: type, content: content, format: format)
        }
    }

    private let storage: Storage

    /// Reads an event whose ID is known: computed, or checked when it was stored.
    ///
    /// Checks the fields' presence and types, not sizes, hashes or rules.
    public init(json: JSONObject, id: EventID, format: EventFormat) throws(EventError) {
        storage = try Storage(json: json, id: id, format: format)
    }

    public var id: EventID { storage.id }
    public var room: RoomID { storage.room }
    public var type: String { storage.type }
    /// `nil` for a message event.
    public var stateKey: String? { storage.stateKey }
    public var sender: UserID { storage.sender }
    public var content: JSONObject { storage.content }
    public var depth: Int64 { storage.depth }
    public var originServerTS: Timestamp { storage.originServerTS }
    public var prevEvents: [EventID] { storage.prevEvents }
    public var authEvents: [EventID] { storage.authEvents }
    /// The event that this `m.room.redaction` redacts, wherever its room version puts it.
    public var redacts: EventID? { storage.redacts }
    /// The event as sent between servers; without `event_id` from room version 3 on.
    public var json: JSONObject { storage.json }
    public var format: EventFormat { storage.format }

    public var isState: Bool { stateKey != nil }

    /// The event's place in room state; `nil` for a message event.
    public var stateMapKey: StateMapKey? { stateKey.map { StateMapKey(type: type, stateKey: $0) } }

    /// Whether the event is of `type`, compared by bytes.
    public func isType(_ type: String) -> Bool { self.type.utf8.elementsEqual(type.utf8) }

    /// `content.membership` of an `m.room.member` state event; `nil` for other events or when it is no string.
    public var membership: String? {
        guard isState, isType("m.room.member") else { return nil }
        return content["membership"]?.stringValue
    }

    /// The user whose membership this event sets; `nil` for other events or when the state key is no user ID.
    public var memberTarget: UserID? {
        guard let stateKey, isType("m.room.member") else { return nil }
        return UserID(stateKey)
    }
}

extension Event: Equatable {
    public static func == (left: Event, right: Event) -> Bool {
        left.storage === right.storage || (left.id == right.id && left.json == right.json)
    }
}
