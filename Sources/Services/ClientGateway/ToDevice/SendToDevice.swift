import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import WorkerContracts

/// Sends events to devices: `PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}` (spec v1.19).
struct SendToDevice: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/sendToDevice/{eventType}/{txnId}", cost: .write, bodyLimit: .toDevice)
    /// The most users one request sends to.
    static let usersMax = 2_000
    /// How many users' shards are written to at once.
    static let concurrencyMax = 8

    let users: UserLocator
    let sender: CommandSender

    /// Users and servers this server does not know are passed over.
    ///
    /// The answer comes when every message is durable; a repeat with the same transaction ID delivers nothing twice.
    ///
    /// - Throws: `M_BAD_JSON`, `M_MISSING_PARAM`, `M_TOO_LARGE`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let type = try request.path("eventType")
        let transaction = try TransactionID(try request.path("txnId"))
        let body = BodyFields(try request.jsonBody())
        try EventLimits.check(type: type)
        let messages = try ToDeviceMessages(body, type: type, sender: request.caller)
        let shards = try await users.shards(of: messages.byUser.map(\.user))

        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for entry in messages.byUser {
                guard let shard = shards[entry.user] else { continue }
                if running == Self.concurrencyMax {
                    try await group.next()
                    running -= 1
                }
                let id = CommandID.transaction(
                    transaction, of: request.caller, device: request.device, endpoint: "sendToDevice",
                    scope: entry.user.rawValue)
                group.addTask {
                    try await sender.execute(
                        .sendToDevice(.init(user: entry.user, messages: entry.messages)), id: id, in: shard)
                }
                running += 1
            }
            try await group.waitForAll()
        }
        return EmptyObject()
    }
}

/// The body of `sendToDevice`, checked.
struct ToDeviceMessages {
    struct Entry: Sendable {
        let user: UserID
        var messages: [(device: DeviceID?, message: JSONObject)]
    }

    let byUser: [Entry]

    init(_ body: BodyFields, type: String, sender: UserID) throws {
        guard let users = try body.object("messages") else { throw MatrixError.missingParam("'messages' is missing.") }
        guard users.count <= SendToDevice.usersMax else {
            throw MatrixError.invalidParam("One request sends to at most \(SendToDevice.usersMax) users.")
        }
        byUser = try users.members.map { member in
            guard let user = UserID(member.key) else {
                throw MatrixError.invalidParam("'messages' has a key that is not a user ID.")
            }
            guard let devices = member.value.objectValue else {
                throw MatrixError.badJSON("'messages' must be an object of objects.")
            }
            return Entry(user: user, messages: try devices.members.map { try Self.message($0, type, sender) })
        }
    }

    private static func message(_ member: JSONObject.Member, _ type: String, _ sender: UserID) throws
        -> (device: DeviceID?, message: JSONObject)
    {
        guard let content = member.value.objectValue else {
            throw MatrixError.badJSON("A message to a device must be an object.")
        }
        try EventLimits.check(content: content)
        let message: JSONObject = [
            "content": .object(content), "sender": .string(sender.rawValue), "type": .string(type),
        ]
        if member.key.utf8.elementsEqual("*".utf8) { return (nil, message) }
        guard let device = DeviceID(member.key) else {
            throw MatrixError.invalidParam("This is not a valid device ID.")
        }
        return (device, message)
    }
}
