import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Storage
import WorkerContracts

/// Why a command cannot be placed, now or at all.
enum Obstacle: Error {
    /// A rule stands against it.
    case refused(WriterReply.Refusal)
    /// Something has to be read or worked out first; then the command is tried anew.
    case needs(Need)

    static func forbidden(_ message: String) -> Obstacle {
        .refused(WriterReply.Refusal(status: 403, errcode: "M_FORBIDDEN", message: message))
    }

    static func notFound(_ message: String) -> Obstacle {
        .refused(WriterReply.Refusal(status: 404, errcode: "M_NOT_FOUND", message: message))
    }

    static func badRequest(_ errcode: String, _ message: String) -> Obstacle {
        .refused(WriterReply.Refusal(status: 400, errcode: errcode, message: message))
    }

    static func tooLarge(_ message: String) -> Obstacle {
        .refused(WriterReply.Refusal(status: 413, errcode: "M_TOO_LARGE", message: message))
    }
}

/// What a command waits for.
enum Need: Sendable {
    /// The room's head and current state.
    case room(RoomID)
    /// Events of the room, as far as they are there.
    case events([EventID], room: RoomID, rules: RoomVersionRules)
    /// Stored states of the room.
    case states([StateRootID], room: RoomID)
    /// The devices the user has, and those for which too many messages wait.
    case devices(UserID)
    /// The user's cross-signing keys, and the keys of some of their devices.
    case keys(UserID, [DeviceID])
    /// Which of these keys of a device were handed out.
    case claimedKeys([KeyID], DeviceID, UserID)
    /// Which of these devices, that may be gone, have identity keys.
    case identifiedDevices([DeviceID], UserID)
    /// What is committed of the user's account data, about a room or of all.
    case accountData(type: String, UserID, RoomID?)
    /// The states after several events, made one.
    case resolution(ResolutionInput)
    /// What the room's policy server says of an event.
    case policyVerdict(PolicyQuestion)
    /// Whether the command has had its effect under an earlier owner: asked before it is refused.
    case result(CommandID)
}

/// What was found for a ``Need``.
enum Found: Sendable {
    case room(RoomID, head: RoomHead?)
    /// The events asked for that are there, and the redactions that wait for those that are not.
    case events([KnownEvent], awaited: [AwaitedRedactionRow], asked: [EventID], room: RoomID)
    case states([KeptState], room: RoomID)
    case devices([DeviceID], full: [DeviceID])
    case keys(UserID, [CrossSigningUsage: String], [DeviceID: KnownDeviceKeys], asked: [DeviceID])
    case claimedKeys([KeyID: [UInt8]])
    case identifiedDevices(Set<DeviceID>)
    case accountData(JSONObject?)
    case resolution(of: [EventID], StateTree)
    case policyVerdict(of: EventID, PolicyVerdict)
    case result(WriterReply?)
}
