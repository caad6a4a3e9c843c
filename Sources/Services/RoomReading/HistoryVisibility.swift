import CanonicalJSON

/// Who may read a room's events (spec v1.19, client-server API, "Room History Visibility").
public enum HistoryVisibility: String, Sendable {
    case worldReadable = "world_readable"
    case shared
    case invited
    case joined

    /// What the content of an `m.room.history_visibility` says; without one, or with a value that is none, `shared`.
    public init(content: JSONObject?) {
        let value = content?["history_visibility"]?.stringValue
        self = value.flatMap { HistoryVisibility(rawValue: $0) } ?? .shared
    }
}
