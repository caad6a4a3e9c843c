import CanonicalJSON
import Identifiers

/// Reads an event's fields with their types.
struct EventFields {
    let json: JSONObject

    func string(_ key: String) throws(EventError) -> String {
        guard let value = json[key]?.stringValue else { throw .invalidField(key) }
        return value
    }

    func optionalString(_ key: String) throws(EventError) -> String? {
        guard let value = json[key] else { return nil }
        guard let string = value.stringValue else { throw .invalidField(key) }
        return string
    }

    func identifier<ID: Identifier>(_ key: String) throws(EventError) -> ID {
        guard let id = ID(try string(key)) else { throw .invalidField(key) }
        return id
    }

    func integer(_ key: String) throws(EventError) -> Int64 {
        guard let value = json[key]?.intValue else { throw .invalidField(key) }
        return value
    }

    func object(_ key: String) throws(EventError) -> JSONObject {
        guard let value = json[key]?.objectValue else { throw .invalidField(key) }
        return value
    }

    /// The room; from version 12 on a create event is its room's ID with another sigil.
    func room(id: EventID, type: String, format: EventFormat) throws(EventError) -> RoomID {
        guard format.roomIDIsCreateEvent, type.utf8.elementsEqual("m.room.create".utf8), json["state_key"] == "" else {
            return try identifier("room_id")
        }
        return RoomID(createEvent: id)
    }

    /// `prev_events` or `auth_events`: IDs, or in version 1's format pairs of an ID and its hashes.
    func references(_ key: String, format: EventFormat) throws(EventError) -> [EventID] {
        guard let list = json[key]?.arrayValue else { throw .invalidField(key) }
        var ids: [EventID] = []
        ids.reserveCapacity(list.count)
        for entry in list {
            let text = format == .v1 ? entry.arrayValue?.first?.stringValue : entry.stringValue
            guard let id = text.flatMap({ EventID($0) }) else { throw .invalidField(key) }
            ids.append(id)
        }
        return ids
    }

    /// A redaction's target; a bad one is none, since rules judge redactions by what they find.
    func redacts(type: String, content: JSONObject, format: EventFormat) -> EventID? {
        guard type.utf8.elementsEqual("m.room.redaction".utf8) else { return nil }
        let value = format.redactsIsInContent ? content["redacts"] : json["redacts"]
        return value?.stringValue.flatMap { EventID($0) }
    }
}

extension RoomID {
    /// The ID of the room a version 12 create event makes: the event's ID with `!` for `$`.
    public init(createEvent: EventID) {
        guard let room = RoomID("!\(createEvent.rawValue.dropFirst())") else {
            preconditionFailure("an event ID with another sigil is a room ID")
        }
        self = room
    }

    /// The create event of a version 12 room; meaningless for older rooms.
    public var createEvent: EventID? { EventID("$\(rawValue.dropFirst())") }
}
