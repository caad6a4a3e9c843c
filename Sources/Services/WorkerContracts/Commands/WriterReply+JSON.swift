import CanonicalJSON
import Identifiers

extension WriterReply {
    public var json: JSONValue {
        switch self {
        case .done(let events, let position):
            return [
                "outcome": "done", "events": .array(events.map { .string($0.rawValue) }),
                "position": .int(position.value),
            ]
        case .answered(let content, let position):
            return ["outcome": "answered", "content": .object(content), "position": .int(position.value)]
        case .refused(let refusal):
            return [
                "outcome": "refused", "status": .int(Int64(refusal.status)), "errcode": .string(refusal.errcode),
                "message": .string(refusal.message),
            ]
        case .moved(let owner):
            var object: JSONObject = ["outcome": "moved"]
            object["to"] = owner.map { .string($0) }
            return .object(object)
        case .busy(let retryAfter):
            return ["outcome": "busy", "retry_after_ms": .int(retryAfter.millisecondsRoundedUp)]
        }
    }

    public init(json: JSONValue) throws(ContractError) {
        var reader = try FieldReader(json, field: "reply")
        switch try reader.string("outcome") {
        case "done":
            var events: [EventID] = []
            for value in try reader.list("events") {
                events.append(try FieldReader.require(value.stringValue.flatMap { EventID($0) }, "events"))
            }
            self = .done(events: events, position: ShardSequence(try reader.integer("position", in: 0 ... .max)))
        case "answered":
            self = .answered(
                try reader.object("content"),
                position: ShardSequence(try reader.integer("position", in: 0 ... .max)))
        case "refused":
            let status = Int(try reader.integer("status", in: 400...499))
            self = .refused(
                Refusal(status: status, errcode: try reader.string("errcode"), message: try reader.string("message")))
        case "moved": self = .moved(to: try reader.optionalString("to"))
        case "busy": self = .busy(retryAfter: try reader.milliseconds("retry_after_ms"))
        default: throw .invalid(field: "outcome")
        }
        try reader.finish()
    }
}
