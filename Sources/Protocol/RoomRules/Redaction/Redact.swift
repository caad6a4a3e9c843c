import CanonicalJSON
import Events

/// The event as redaction leaves it (spec v1.19, room versions, "Redactions").
///
/// This is what is signed and hashed, and what is served of a redacted event; `unsigned` goes as well.
public func redact(_ event: JSONObject, rules: RoomVersionRules) -> JSONObject {
    let redaction = rules.redaction
    var kept = JSONObject()
    for key in redaction.eventKeys { kept[key] = event[key] }
    if let content = event["content"] {
        let type = event["type"]?.stringValue ?? ""
        kept["content"] = .object(redaction.keptContent(of: content.objectValue ?? JSONObject(), type: type))
    }
    return kept
}

extension RoomVersionRules {
    /// ``redact(_:rules:)`` as event hashing wants it.
    public var redactEvent: EventRedaction { { redact($0, rules: self) } }
}

extension RedactionRules {
    func keptContent(of content: JSONObject, type: String) -> JSONObject {
        guard let (known, rule) = self.content.first(where: { $0.key.hasSameBytes(as: type) }) else {
            return JSONObject()
        }
        guard case .keys(let keys) = rule else { return content }
        var kept = JSONObject()
        for key in keys { kept[key] = content[key] }
        guard known == "m.room.member" else { return kept }
        for nested in memberNested {
            guard let inner = content[nested.key]?.objectValue else { continue }
            var keptInner = JSONObject()
            for key in nested.kept { keptInner[key] = inner[key] }
            kept[nested.key] = .object(keptInner)
        }
        return kept
    }
}
