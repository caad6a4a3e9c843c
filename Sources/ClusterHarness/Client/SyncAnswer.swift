import CanonicalJSON
import Identifiers

/// What a test looks at in an answer of `/sync`.
public struct SyncAnswer: Sendable {
    public struct Room: Sendable {
        public var room: RoomID
        /// Oldest first, as the API gives them.
        public var timeline: [JSONObject]
        public var isLimited: Bool
        public var previousBatch: String?
        public var state: [JSONObject]
        public var ephemeral: [JSONObject]

        public var events: [EventID] { timeline.compactMap { $0["event_id"]?.stringValue.flatMap { EventID($0) } } }
    }

    public var next: String
    public var rooms: [Room]
    public var invited: [RoomID]
    public var left: [RoomID]
    public var toDevice: [JSONObject]

    init(_ json: JSONObject) throws(ChatFailure) {
        guard let next = json["next_batch"]?.stringValue else { throw .unreadable }
        self.next = next
        let rooms = json["rooms"]
        self.rooms = Self.members(of: rooms?["join"]).compactMap { id, value in
            guard let room = RoomID(id) else { return nil }
            return Room(
                room: room, timeline: Self.objects(value["timeline"]?["events"]),
                isLimited: value["timeline"]?["limited"]?.boolValue ?? false,
                previousBatch: value["timeline"]?["prev_batch"]?.stringValue,
                state: Self.objects(value["state"]?["events"]),
                ephemeral: Self.objects(value["ephemeral"]?["events"]))
        }
        invited = Self.members(of: rooms?["invite"]).compactMap { RoomID($0.0) }
        left = Self.members(of: rooms?["leave"]).compactMap { RoomID($0.0) }
        toDevice = Self.objects(json["to_device"]?["events"])
    }

    public subscript(room: RoomID) -> Room? { rooms.first { $0.room == room } }

    private static func members(of value: JSONValue?) -> [(String, JSONValue)] {
        value?.objectValue?.members.map { ($0.key, $0.value) } ?? []
    }

    private static func objects(_ value: JSONValue?) -> [JSONObject] {
        value?.arrayValue?.compactMap(\.objectValue) ?? []
    }
}
