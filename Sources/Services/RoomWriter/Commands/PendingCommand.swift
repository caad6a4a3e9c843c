import CanonicalJSON
import Events
import Identifiers
import Storage
import WorkerContracts

/// A command on its way through its shard's writer; belongs to that writer.
final class PendingCommand {
    let id: CommandID
    let command: WriterCommand
    let slot = ReplySlot()
    let lane: ByteOrderedText
    let arrivedAt = ContinuousClock.now
    /// What was found out for it; survives being tried anew.
    var facts: CommandFacts
    /// Its answer, once it is in a batch.
    var reply: WriterReply?

    init(id: CommandID, command: WriterCommand, at now: Timestamp) {
        self.id = id
        self.command = command
        lane = command.lane
        facts = CommandFacts(now: now)
    }
}

/// What a command had to wait for.
struct CommandFacts {
    /// When the command came: its events are the same however often it is tried.
    let now: Timestamp
    /// Events that are not in the room.
    var absentEvents: Set<EventID> = []
    /// Redactions that wait for these events.
    var awaitedRedactions: [AwaitedRedactionRow] = []
    var devices: [DeviceID]?
    /// Those of ``devices`` for which too many messages wait.
    var fullDevices: [DeviceID] = []
    /// Devices that do not exist.
    var absentDevices: Set<DeviceID> = []
    /// Those of the keys it brings that were handed out before.
    var claimedKeys: [KeyID: [UInt8]]?
    /// Those of the devices it removes that have identity keys.
    var identifiedDevices: Set<DeviceID>?
    /// The account data that it changes, as committed; empty when there is none.
    var accountData: JSONObject?
    /// The events it brings, read and checked.
    var received: [Event]?
    /// States resolved from those after some events, by the sorted list of these.
    ///
    /// An event's state never changes, so a result stays right even when the command is placed anew.
    var resolutions: [[EventID]: StateTree] = [:]
    /// What rooms' policy servers say of events that the command makes or brings.
    var policyVerdicts: [EventID: PolicyVerdict] = [:]
    /// The command has not had its effect under an earlier owner.
    var isNew = false

    /// Drops what was true of the database before a commit whose end is not known.
    mutating func forgetDatabase() {
        absentEvents = []
        awaitedRedactions = []
        accountData = nil
        // Who is in the room may be something else now; what was signed stays signed.
        policyVerdicts = policyVerdicts.filter { $0.value != .notAsked }
        absentDevices = []
        claimedKeys = nil
        identifiedDevices = nil
    }
}

extension WriterCommand {
    /// What the command is ordered by: its room, or the user it is about.
    var lane: ByteOrderedText {
        switch self {
        case .createRoom(let command): command.room.text
        case .sendEvents(let command): command.room.text
        case .receiveEvents(let command): command.room.text
        case .setReceipt(let command): command.room.text
        case .forgetRoom(let command): command.room.text
        case .setTyping(let command): command.room.text
        case .setAccountData(let command): command.user.text
        case .sendToDevice(let command): command.user.text
        case .deleteToDevice(let command): command.user.text
        case .setTag(let command): command.user.text
        case .uploadKeys(let command): command.user.text
        case .claimKeys(let command): command.user.text
        case .setCrossSigningKeys(let command): command.user.text
        case .addSignatures(let command): command.signer.text
        case .removeDevices(let command): command.user.text
        case .announceDevices(let command): command.user.text
        case .setThreadSubscription(let command): command.user.text
        case .changePushRules(let command): command.user.text
        // Waits for nothing, and for nobody.
        case .reportPresence: "presence"
        }
    }

    /// How many log entries it makes, about: what a batch is filled by.
    var weight: Int {
        switch self {
        case .createRoom(let command): command.events.count + 1
        case .sendEvents(let command): command.events.count
        case .receiveEvents(let command): command.events.count
        case .sendToDevice, .setReceipt, .forgetRoom, .setAccountData, .deleteToDevice, .setTyping, .setTag,
            .reportPresence, .claimKeys, .setCrossSigningKeys, .removeDevices, .announceDevices,
            .setThreadSubscription, .changePushRules:
            1
        case .uploadKeys, .addSignatures: 2
        }
    }

    /// Whether repeating it could have another effect than the first time, so that its answer must be stored.
    var keepsResult: Bool {
        switch self {
        case .createRoom, .sendEvents, .receiveEvents, .setAccountData, .sendToDevice, .forgetRoom, .setTag,
            .uploadKeys, .claimKeys, .setCrossSigningKeys, .addSignatures, .setThreadSubscription,
            .changePushRules:
            true
        // A receipt never moves back, a deletion deletes nothing twice, typing and presence are never stored.
        case .setReceipt, .deleteToDevice, .setTyping, .reportPresence, .removeDevices, .announceDevices: false
        }
    }
}
