import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import WorkerContracts

/// Sends a message event: `PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}` (spec v1.19).
struct SendEvent: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}", cost: .write, bodyLimit: .event)

    let sender: CommandSender
    let relations: RelationRules
    let delays: DelayedEvents
    let rates: RateLimits
    let activity: UserActivity

    /// With `org.matrix.msc4140.delay` it is sent later (MSC4140).
    ///
    /// - Throws: `M_FORBIDDEN` for an unknown room or when the caller may not send it, `M_BAD_JSON`, `M_TOO_LARGE`,
    ///   `M_DUPLICATE_ANNOTATION` for a reaction that is there already, `M_UNKNOWN` for a thread inside of a thread.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        let type = try request.path("eventType")
        let transaction = try TransactionID(try request.path("txnId"))
        let content = try request.jsonBody()
        try EventLimits.check(type: type)
        try EventLimits.check(content: content)
        try await rates.demand(.message, of: request.caller.rawValue)
        let local = ClientTransaction(device: request.device, id: transaction.text)
        try await relations.check(type: type, content, by: request.caller, transaction: local)
        let draft = EventDraft(
            type: type, stateKey: nil, sender: request.caller, content: content,
            redacts: try Self.redacted(by: type, content),
            transaction: local)
        let id = CommandID.transaction(
            transaction, of: request.caller, device: request.device, endpoint: "send", scope: room.rawValue)
        if let delay = try DelayedEvents.delay(request) {
            return try await delays.schedule(draft, in: room, after: delay, id: id.delayed)
        }
        let event = try await sender.append(draft, to: room, id: id)
        activity.note(request)
        return ["event_id": .string(event.rawValue)]
    }

    /// What a redaction sent as an ordinary event redacts.
    private static func redacted(by type: String, _ content: JSONObject) throws -> EventID? {
        guard type.utf8.elementsEqual("m.room.redaction".utf8) else { return nil }
        return try BodyFields(content).requiredIdentifier("redacts", as: EventID.self)
    }
}
