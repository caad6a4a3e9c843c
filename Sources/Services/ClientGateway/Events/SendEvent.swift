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
    let drafts: MessageDrafts
    let delays: DelayedEvents
    let activity: UserActivity

    /// With `org.matrix.msc4140.delay` it is sent later (MSC4140), with `org.matrix.msc4354.sticky_duration_ms` it sticks
    /// (MSC4354).
    ///
    /// - Throws: `M_FORBIDDEN` for an unknown room or when the caller may not send it, `M_INVALID_PARAM`, and as
    ///   ``MessageDrafts``.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        let type = try request.path("eventType")
        let transaction = try TransactionID(try request.path("txnId"))
        let sticky = try request.stickyDuration()
        var draft = try await drafts.draft(type, try request.jsonBody(), transaction, request)
        draft.stickyDuration = sticky
        let id = CommandID.transaction(
            transaction, of: request.caller, device: request.device, endpoint: "send", scope: room.rawValue)
        if let delay = try DelayedEvents.delay(request) {
            return try await delays.schedule(draft, in: room, after: delay, id: id.delayed, .query)
        }
        let event = try await sender.append(draft, to: room, id: id)
        activity.note(request)
        return ["event_id": .string(event.rawValue)]
    }
}
