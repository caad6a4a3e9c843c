import HTTPServer
import Identifiers
import MatrixHTTP

/// Sets a receipt: `POST /_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}` (spec v1.19, "Receipts").
struct SetReceipt: Endpoint {
    static let route = Route.client(
        .post, "/_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}", cost: .write)

    let setter: ReceiptSetter
    let activity: UserActivity

    /// - Throws: `M_INVALID_PARAM` for another type or a bad thread, `M_FORBIDDEN` unless the caller is in the room.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        let event = try request.path("eventId", as: EventID.self)
        guard let kind = ReceiptSetter.Kind(rawValue: try request.path("receiptType")) else {
            throw MatrixError.invalidParam("The receipt type is m.read, m.read.private or m.fully_read.")
        }
        let thread = try Self.thread(BodyFields(try request.optionalJSONBody()), kind)
        try await setter.access.demandJoined(request.caller, in: room)
        try await setter.set(kind, to: event, thread: thread, in: room, of: request.caller)
        activity.note(request)
        return EmptyObject()
    }

    private static func thread(_ body: BodyFields, _ kind: ReceiptSetter.Kind) throws -> String? {
        guard let value = body.object["thread_id"] else { return nil }
        guard let thread = value.stringValue, !thread.isEmpty, thread.utf8.count <= EventID.bytesMax,
            kind != .fullyRead, thread.utf8.elementsEqual("main".utf8) || EventID(thread) != nil
        else { throw MatrixError.invalidParam("'thread_id' is main or the ID of a thread's first event.") }
        return thread
    }
}
