import CanonicalJSON
import Identifiers

/// Whether a user is there (spec v1.19, client-server API, "Presence").
public enum PresenceState: String, Sendable, CaseIterable {
    case online
    /// Connected, and away.
    case unavailable
    case offline
}

/// What a worker has seen of one device, for the owner of its user's shard.
public struct PresenceReport: Sendable, Equatable {
    /// How it came to be seen.
    public enum Origin: String, Sendable {
        /// The device polls for news.
        case sync
        /// The user said so, with a status message or without.
        case request
        /// The user did something, such as sending a message.
        case activity
    }

    /// The longest status message, in bytes.
    public static let statusBytesMax = 1_024

    public var user: UserID
    public var device: DeviceID
    public var origin: Origin
    /// What the device is; of an activity always online.
    public var state: PresenceState
    /// What the user says of themselves; of a poll what the reporting worker knows of it.
    public var status: String?
    /// Of a device that goes on polling, how long ago its user was active as far as the reporting worker knows.
    ///
    /// An owner that knows nothing of the user begins with this and ``status``: so the death of an owner changes nothing.
    public var activeAgo: Duration?

    public init(
        user: UserID, device: DeviceID, origin: Origin, state: PresenceState, status: String? = nil,
        activeAgo: Duration? = nil
    ) {
        self.user = user
        self.device = device
        self.origin = origin
        self.state = state
        self.status = status
        self.activeAgo = activeAgo
    }

    var json: JSONValue {
        var object: JSONObject = [
            "user": .string(user.rawValue), "device": .string(device.rawValue), "origin": .string(origin.rawValue),
            "state": .string(state.rawValue),
        ]
        object["status"] = status.map { .string($0) }
        object["active_ago_ms"] = activeAgo.map { .int(min($0.millisecondsRoundedUp, FieldReader.millisecondsMax)) }
        return .object(object)
    }

    init(_ value: JSONValue) throws(ContractError) {
        var reader = try FieldReader(value, field: "reports")
        self.init(
            user: try reader.identifier("user"), device: try reader.identifier("device"),
            origin: try FieldReader.require(Origin(rawValue: try reader.string("origin")), "origin"),
            state: try FieldReader.require(PresenceState(rawValue: try reader.string("state")), "state"),
            status: try reader.optionalString("status"), activeAgo: try reader.optionalMilliseconds("active_ago_ms"))
        try reader.finish()
    }
}
