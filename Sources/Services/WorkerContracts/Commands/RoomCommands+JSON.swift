import CanonicalJSON
import Identifiers

// The commands of a room's shard, field by field.

extension WriterCommand.CreateRoom {
    /// The most drafts in one command.
    public static let eventsMax = 500

    var fields: JSONObject {
        var object: JSONObject = [
            "room": .string(room.rawValue), "version": .string(version), "events": .array(events.map(\.json)),
        ]
        object["create_event"] = createEvent.map { .object($0) }
        return object
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        self.init(
            room: try reader.identifier("room"), version: try reader.string("version"),
            createEvent: try reader.optionalObject("create_event"),
            events: try EventDraft.list(try reader.list("events", countMax: Self.eventsMax)))
    }
}

extension WriterCommand.SendEvents {
    var fields: JSONObject { ["room": .string(room.rawValue), "events": .array(events.map(\.json))] }

    init(_ reader: inout FieldReader) throws(ContractError) {
        self.init(
            room: try reader.identifier("room"),
            events: try EventDraft.list(try reader.list("events", countMax: Self.eventsMax)))
    }
}

extension EventDraft {
    fileprivate static func list(_ values: [JSONValue]) throws(ContractError) -> [EventDraft] {
        var drafts: [EventDraft] = []
        drafts.reserveCapacity(values.count)
        for value in values { drafts.append(try EventDraft(json: value)) }
        return drafts
    }
}

extension WriterCommand.ReceiveEvents {
    var fields: JSONObject { ["room": .string(room.rawValue), "events": .array(events.map { .object($0) })] }

    init(_ reader: inout FieldReader) throws(ContractError) {
        var events: [JSONObject] = []
        for value in try reader.list("events", countMax: Self.eventsMax) {
            events.append(try FieldReader.require(value.objectValue, "events"))
        }
        self.init(room: try reader.identifier("room"), events: events)
    }
}

extension WriterCommand.SetReceipt {
    var fields: JSONObject {
        var object: JSONObject = [
            "room": .string(room.rawValue), "user": .string(user.rawValue), "type": .string(type),
            "event": .string(event.rawValue), "read_at_ms": .int(readAt.milliseconds),
        ]
        object["thread"] = thread.map { .string($0) }
        return object
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        self.init(
            room: try reader.identifier("room"), user: try reader.identifier("user"), type: try reader.string("type"),
            event: try reader.identifier("event"), thread: try reader.optionalString("thread"),
            readAt: Timestamp(milliseconds: try reader.integer("read_at_ms")))
    }
}

extension WriterCommand.ForgetRoom {
    var fields: JSONObject { ["room": .string(room.rawValue), "user": .string(user.rawValue)] }

    init(_ reader: inout FieldReader) throws(ContractError) {
        self.init(room: try reader.identifier("room"), user: try reader.identifier("user"))
    }
}

extension WriterCommand.SetTyping {
    var fields: JSONObject {
        var object: JSONObject = ["room": .string(room.rawValue), "user": .string(user.rawValue)]
        object["timeout_ms"] = timeout.map { .int($0.millisecondsRoundedUp) }
        return object
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        self.init(
            room: try reader.identifier("room"), user: try reader.identifier("user"),
            timeout: try reader.optionalMilliseconds("timeout_ms"))
    }
}
