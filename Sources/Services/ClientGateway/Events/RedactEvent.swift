import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import WorkerContracts

/// Redacts an event: `PUT /_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}` (spec v1.19, "Redactions").
struct RedactEvent: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}", cost: .write, bodyLimit: .event)

    let sender: CommandSender
    let access: RoomAccess
    let rates: RateLimits

    /// The room's writer judges whether the caller may redact it.
    ///
    /// - Throws: `M_FORBIDDEN` when the caller may not redact it, `M_NOT_FOUND` for an event that is not in the room.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        let event = try request.path("eventId", as: EventID.self)
        let transaction = try TransactionID(try request.path("txnId"))
        let reason = try BodyFields(try request.optionalJSONBody()).string("reason")
        try await access.demandJoined(request.caller, in: room)
        try await access.demandEvent(event, in: room)
        if request.isSuspended { try await access.demandOwn(event, of: request.caller, in: room) }

        var content = JSONObject()
        content["reason"] = reason.map(JSONValue.string)
        try EventLimits.check(content: content)
        try await rates.demand(.message, of: request.caller.rawValue)
        let draft = EventDraft(
            type: "m.room.redaction", stateKey: nil, sender: request.caller, content: content, redacts: event,
            transaction: ClientTransaction(device: request.device, id: transaction.text))
        let id = CommandID.transaction(
            transaction, of: request.caller, device: request.device, endpoint: "redact", scope: room.rawValue)
        let redaction = try await sender.append(draft, to: room, id: id)
        return ["event_id": .string(redaction.rawValue)]
    }
}
