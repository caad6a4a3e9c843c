import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import WorkerContracts

/// Schedules an event:
/// `PUT /_matrix/client/unstable/org.matrix.msc4140/rooms/{roomId}/delayed_event/{eventType}/{txnId}` (MSC4140).
struct PutDelayedEvent: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/unstable/org.matrix.msc4140/rooms/{roomId}/delayed_event/{eventType}/{txnId}",
        cost: .write, bodyLimit: .event)

    let messages: MessageDrafts
    let state: StateSetter
    let delays: DelayedEvents

    /// With a `state_key` it will set state.
    ///
    /// - Throws: `M_FORBIDDEN` unless the caller is in the room, or when the delay is longer than allowed,
    ///   `M_LIMIT_EXCEEDED`, `M_MISSING_PARAM`, `M_INVALID_PARAM`, and as ``MessageDrafts`` and ``StateSetter``.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        let type = try request.path("eventType")
        let transaction = try TransactionID(try request.path("txnId"))
        let body = BodyFields(try request.jsonBody())
        let delay = try Self.delay(body)
        guard let content = try body.object("content") else { throw MatrixError.missingParam("'content' is missing.") }
        let draft =
            if let stateKey = try body.string("state_key") {
                try await state.draft(type, stateKey, content, in: room, request)
            } else {
                try await messages.draft(type, content, transaction, request)
            }
        let id = CommandID.transaction(
            transaction, of: request.caller, device: request.device, endpoint: "delayed_event", scope: room.rawValue)
        return try await delays.schedule(draft, in: room, after: delay, id: id, .body)
    }

    private static func delay(_ body: BodyFields) throws -> Duration {
        guard let delay = try body.int("delay_ms") else { throw MatrixError.missingParam("'delay_ms' is missing.") }
        guard delay > 0 else { throw MatrixError.invalidParam("'delay_ms' is a positive number.") }
        guard delay <= DelayedEvents.delayMaxMilliseconds else {
            throw MatrixError.forbidden("The delay is over \(DelayedEvents.delayMaxMilliseconds) ms.")
        }
        return .milliseconds(delay)
    }
}
