import CanonicalJSON
import Identifiers

extension EventDraft {
    public var json: JSONValue {
        var object: JSONObject = [
            "type": .string(type), "sender": .string(sender.rawValue), "content": .object(content),
        ]
        object["state_key"] = stateKey.map { .string($0) }
        object["redacts"] = redacts.map { .string($0.rawValue) }
        object["origin_server_ts"] = originServerTS.map { .int($0.milliseconds) }
        object["transaction"] = transaction.map { ["device": .string($0.device.rawValue), "id": .string($0.id)] }
        object["delay_id"] = delay.map { .string($0) }
        if unlessUnchanged { object["unless_unchanged"] = true }
        if needsMembership { object["needs_membership"] = true }
        object["sticky_ms"] = stickyDuration.map { .int($0.millisecondsRoundedUp) }
        return .object(object)
    }

    public init(json: JSONValue) throws(ContractError) {
        var reader = try FieldReader(json, field: "event")
        self.init(
            type: try reader.string("type"), stateKey: try reader.optionalString("state_key"),
            sender: try reader.identifier("sender"), content: try reader.object("content"),
            redacts: try reader.optionalIdentifier("redacts"))
        if reader.hasValue("origin_server_ts") {
            originServerTS = Timestamp(milliseconds: try reader.integer("origin_server_ts"))
        }
        if let object = try reader.optionalObject("transaction") { transaction = try ClientTransaction(object) }
        delay = try reader.optionalString("delay_id")
        unlessUnchanged = try reader.flag("unless_unchanged")
        needsMembership = try reader.flag("needs_membership")
        stickyDuration = try reader.optionalMilliseconds("sticky_ms")
        try reader.finish()
    }
}

extension ClientTransaction {
    fileprivate init(_ object: JSONObject) throws(ContractError) {
        var reader = FieldReader(object)
        self.init(device: try reader.identifier("device"), id: try reader.string("id"))
        try reader.finish()
    }
}
