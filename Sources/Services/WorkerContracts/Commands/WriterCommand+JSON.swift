import CanonicalJSON

extension WriterCommand {
    /// The command for the wire: its fields and `kind`.
    public var json: JSONValue {
        var object: JSONObject
        switch self {
        case .createRoom(let command): object = command.fields
        case .sendEvents(let command): object = command.fields
        case .receiveEvents(let command): object = command.fields
        case .setReceipt(let command): object = command.fields
        case .forgetRoom(let command): object = command.fields
        case .setTyping(let command): object = command.fields
        case .setAccountData(let command): object = command.fields
        case .sendToDevice(let command): object = command.fields
        case .deleteToDevice(let command): object = command.fields
        case .setTag(let command): object = command.fields
        case .reportPresence(let command): object = command.fields
        case .uploadKeys(let command): object = command.fields
        case .claimKeys(let command): object = command.fields
        case .setCrossSigningKeys(let command): object = command.fields
        case .addSignatures(let command): object = command.fields
        case .removeDevices(let command): object = command.fields
        case .announceDevices(let command): object = command.fields
        case .setThreadSubscription(let command): object = command.fields
        case .changePushRules(let command): object = command.fields
        }
        object["kind"] = .string(kind)
        return .object(object)
    }

    /// The command's name on the wire and in metrics.
    public var kind: String {
        switch self {
        case .createRoom: "create_room"
        case .sendEvents: "send_events"
        case .receiveEvents: "receive_events"
        case .setReceipt: "set_receipt"
        case .forgetRoom: "forget_room"
        case .setTyping: "set_typing"
        case .setAccountData: "set_account_data"
        case .sendToDevice: "send_to_device"
        case .deleteToDevice: "delete_to_device"
        case .setTag: "set_tag"
        case .reportPresence: "report_presence"
        case .uploadKeys: "upload_keys"
        case .claimKeys: "claim_keys"
        case .setCrossSigningKeys: "set_cross_signing_keys"
        case .addSignatures: "add_signatures"
        case .removeDevices: "remove_devices"
        case .announceDevices: "announce_devices"
        case .setThreadSubscription: "set_thread_subscription"
        case .changePushRules: "change_push_rules"
        }
    }

    public init(json: JSONValue) throws(ContractError) {
        var reader = try FieldReader(json, field: "command")
        switch try reader.string("kind") {
        case "create_room": self = .createRoom(try CreateRoom(&reader))
        case "send_events": self = .sendEvents(try SendEvents(&reader))
        case "receive_events": self = .receiveEvents(try ReceiveEvents(&reader))
        case "set_receipt": self = .setReceipt(try SetReceipt(&reader))
        case "forget_room": self = .forgetRoom(try ForgetRoom(&reader))
        case "set_typing": self = .setTyping(try SetTyping(&reader))
        case "set_account_data": self = .setAccountData(try SetAccountData(&reader))
        case "send_to_device": self = .sendToDevice(try SendToDevice(&reader))
        case "delete_to_device": self = .deleteToDevice(try DeleteToDevice(&reader))
        case "set_tag": self = .setTag(try SetTag(&reader))
        case "report_presence": self = .reportPresence(try ReportPresence(&reader))
        case "upload_keys": self = .uploadKeys(try UploadKeys(&reader))
        case "claim_keys": self = .claimKeys(try ClaimKeys(&reader))
        case "set_cross_signing_keys": self = .setCrossSigningKeys(try SetCrossSigningKeys(&reader))
        case "add_signatures": self = .addSignatures(try AddSignatures(&reader))
        case "remove_devices": self = .removeDevices(try RemoveDevices(&reader))
        case "announce_devices": self = .announceDevices(try AnnounceDevices(&reader))
        case "set_thread_subscription": self = .setThreadSubscription(try SetThreadSubscription(&reader))
        case "change_push_rules": self = .changePushRules(try ChangePushRules(&reader))
        default: throw .invalid(field: "kind")
        }
        try reader.finish()
    }
}
