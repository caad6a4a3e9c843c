import CanonicalJSON
import Identifiers
import PushRules

extension WriterCommand.ChangePushRules {
    var fields: JSONObject {
        var object: JSONObject = [
            "user": .string(user.rawValue), "rule_kind": .string(change.kind.rawValue), "rule": .string(change.name),
        ]
        switch change.what {
        case .set(let rule, let place):
            object["set"] = .object(rule)
            object["beside"] = place.map { ["rule": .string($0.name), "after": .bool($0.isAfter)] }
        case .remove: object["remove"] = true
        case .enable(let isEnabled): object["enable"] = .bool(isEnabled)
        case .act(let actions): object["act"] = .array(actions)
        }
        return object
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        let kind = try FieldReader.require(PushRuleKind(rawValue: try reader.string("rule_kind")), "rule_kind")
        self.init(
            user: try reader.identifier("user"),
            change: PushRuleChange(kind: kind, name: try reader.string("rule"), what: try Self.what(&reader)))
    }

    private static func what(_ reader: inout FieldReader) throws(ContractError) -> PushRuleChange.What {
        if let rule = try reader.optionalObject("set") {
            guard let beside = try reader.optionalObject("beside") else { return .set(rule, nil) }
            var place = FieldReader(beside)
            let neighbour = PushRuleChange.Place(name: try place.string("rule"), isAfter: try place.flag("after"))
            try place.finish()
            return .set(rule, neighbour)
        }
        if reader.hasValue("act") { return .act(try reader.list("act")) }
        if reader.hasValue("enable") { return .enable(try reader.flag("enable")) }
        guard try reader.flag("remove") else { throw .missing(field: "remove") }
        return .remove
    }
}
