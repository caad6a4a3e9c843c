import CanonicalJSON

/// What a rule has done with an event that fits (spec v1.19, client-server API, "Actions").
public struct PushActions: Sendable, Equatable {
    /// As clients are told; what old specifications had is left out.
    public let json: [JSONValue]
    public let notifies: Bool
    /// What the notification is to look and sound like.
    public let tweaks: JSONObject

    public init(_ json: [JSONValue]) {
        let kept = json.filter { $0 != "dont_notify" && $0 != "coalesce" }
        var tweaks = JSONObject()
        for action in kept {
            guard let name = action["set_tweak"]?.stringValue else { continue }
            let isHighlight = name.utf8.elementsEqual("highlight".utf8)
            tweaks[name] = action["value"] ?? (isHighlight ? true : .null)
        }
        self.json = kept
        notifies = kept.contains("notify")
        self.tweaks = tweaks
    }

    /// Whether the event singles the reader out.
    public var isHighlight: Bool { notifies && tweaks["highlight"] == true }
}
