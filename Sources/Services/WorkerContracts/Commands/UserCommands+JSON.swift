import CanonicalJSON
import Identifiers

// The commands of a user's shard, field by field.

extension WriterCommand.SetAccountData {
    var fields: JSONObject {
        var object: JSONObject = ["user": .string(user.rawValue), "type": .string(type)]
        object["room"] = room.map { .string($0.rawValue) }
        object["content"] = content.map { .object($0) }
        return object
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        self.init(
            user: try reader.identifier("user"), room: try reader.optionalIdentifier("room"),
            type: try reader.string("type"), content: try reader.optionalObject("content"))
    }
}

extension WriterCommand.SendToDevice {
    /// The most messages in one command.
    public static let messagesMax = 1_000

    var fields: JSONObject {
        let list = messages.map { entry -> JSONValue in
            var object: JSONObject = ["message": .object(entry.message)]
            object["device"] = entry.device.map { .string($0.rawValue) }
            return .object(object)
        }
        return ["user": .string(user.rawValue), "messages": .array(list)]
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        var messages: [(device: DeviceID?, message: JSONObject)] = []
        for value in try reader.list("messages", countMax: Self.messagesMax) {
            var entry = try FieldReader(value, field: "messages")
            messages.append((try entry.optionalIdentifier("device"), try entry.object("message")))
            try entry.finish()
        }
        self.init(user: try reader.identifier("user"), messages: messages)
    }
}

extension WriterCommand.DeleteToDevice {
    var fields: JSONObject {
        ["user": .string(user.rawValue), "device": .string(device.rawValue), "up_to": .int(upTo.value)]
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        self.init(
            user: try reader.identifier("user"), device: try reader.identifier("device"),
            upTo: ShardSequence(try reader.integer("up_to", in: 0 ... .max)))
    }
}

extension WriterCommand.SetTag {
    var fields: JSONObject {
        var object: JSONObject = [
            "user": .string(user.rawValue), "room": .string(room.rawValue), "tag": .string(tag),
        ]
        object["content"] = content.map { .object($0) }
        return object
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        self.init(
            user: try reader.identifier("user"), room: try reader.identifier("room"), tag: try reader.string("tag"),
            content: try reader.optionalObject("content"))
    }
}

extension WriterCommand.ReportPresence {
    var fields: JSONObject { ["reports": .array(reports.map(\.json))] }

    init(_ reader: inout FieldReader) throws(ContractError) {
        var reports: [PresenceReport] = []
        for value in try reader.list("reports", countMax: Self.reportsMax) { reports.append(try PresenceReport(value)) }
        self.init(reports: reports)
    }
}
