import CanonicalJSON
import Identifiers

/// One line of the feed that a room-writer streams at `GET /internal/feed`: newline-delimited JSON.
///
/// Only hints and ephemeral state: everything durable must be right with the feed off. On connecting, the writer first
/// sends the typing state of each of its rooms in which someone types, and who of its users is there.
public enum FeedMessage: Sendable, Equatable {
    /// How often a writer sends something, a heartbeat if nothing else.
    public static let heartbeatInterval = Duration.seconds(2)
    /// A feed that is silent for longer is dead.
    public static let silenceMax = Duration.seconds(8)
    /// The longest line, in bytes without its newline.
    public static let lineBytesMax = 1 << 20

    /// The shard has committed something. Carries no position: readers ask the database.
    case shardMoved(ShardID)
    case typing(RoomTyping)
    case presence(UserPresence)
    /// The writer owns the shard no more: what it said of its users' presence is its successor's to confirm.
    case presenceReleased(ShardID)
    /// An empty line.
    case heartbeat

    /// The message as its line, newline included.
    public var line: [UInt8] {
        var bytes: [UInt8]
        switch self {
        case .shardMoved(let shard): bytes = Array("{\"shard\":\(shard.number)}".utf8)
        case .typing(let typing): bytes = JSONObject([("typing", typing.json)]).bytes()
        case .presence(let presence): bytes = JSONObject([("presence", presence.json)]).bytes()
        case .presenceReleased(let shard): bytes = Array("{\"presence_released\":\(shard.number)}".utf8)
        case .heartbeat: bytes = []
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// Reads a line without its newline; `nil` for a message of a kind this version does not know.
    public static func parse(line: some Collection<UInt8>) throws(ContractError) -> FeedMessage? {
        guard !line.isEmpty else { return .heartbeat }
        guard line.count <= lineBytesMax, let object = try? JSONObject.parse(line) else {
            // The reason does not matter: the connection is dropped, and polling covers what it would have told.
            throw .invalid(field: "line")
        }
        var reader = FieldReader(object)
        if reader.hasValue("shard") { return .shardMoved(try reader.shard("shard")) }
        if reader.hasValue("presence_released") { return .presenceReleased(try reader.shard("presence_released")) }
        if let presence = try reader.optionalObject("presence") { return .presence(try UserPresence(presence)) }
        guard let typing = try reader.optionalObject("typing") else { return nil }
        return .typing(try RoomTyping(typing))
    }
}

/// Who types in a room, whole, as its shard's owner has it.
public struct RoomTyping: Sendable, Equatable {
    public var room: RoomID
    public var users: [UserID]
    /// The owner's boot nonce: counters of different boots cannot be compared.
    public var boot: String
    /// Grows with every change of typing under one boot.
    public var counter: Int64

    public init(room: RoomID, users: [UserID], boot: String, counter: Int64) {
        self.room = room
        self.users = users
        self.boot = boot
        self.counter = counter
    }

    var json: JSONValue {
        [
            "room": .string(room.rawValue), "users": .array(users.map { .string($0.rawValue) }), "boot": .string(boot),
            "counter": .int(counter),
        ]
    }

    init(_ object: JSONObject) throws(ContractError) {
        var reader = FieldReader(object)
        var users: [UserID] = []
        for value in try reader.list("users") {
            users.append(try FieldReader.require(value.stringValue.flatMap { UserID($0) }, "users"))
        }
        self.init(
            room: try reader.identifier("room"), users: users, boot: try reader.string("boot"),
            counter: try reader.integer("counter"))
    }
}
