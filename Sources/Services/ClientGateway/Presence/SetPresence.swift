import HTTPServer
import Identifiers
import MatrixHTTP
import WorkerContracts

/// Sets the caller's presence: `PUT /_matrix/client/v3/presence/{userId}/status` (spec v1.19, client-server API,
/// "Presence").
struct SetPresence: Endpoint {
    static let route = Route.client(.put, "/_matrix/client/v3/presence/{userId}/status", cost: .write)

    let sender: CommandSender

    /// - Throws: `M_FORBIDDEN` for another user's ID, `M_INVALID_PARAM` for a state that is none and a message over
    ///   ``PresenceReport/statusBytesMax``.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let user = try request.path("userId", as: UserID.self)
        let body = BodyFields(try request.jsonBody())
        guard let state = PresenceState(rawValue: try body.requiredString("presence")) else {
            throw MatrixError.invalidParam("'presence' must be offline, online or unavailable.")
        }
        let status = try body.string("status_msg")
        if let status, status.utf8.count > PresenceReport.statusBytesMax {
            throw MatrixError.invalidParam("'status_msg' is too long.")
        }
        guard user == request.caller else { throw MatrixError.forbidden("Presence can be set only for yourself.") }
        let report = PresenceReport(
            user: user, device: request.device, origin: .request, state: state,
            status: status.flatMap { $0.isEmpty ? nil : $0 })
        try await sender.execute(.reportPresence(.init(reports: [report])), id: .random(), for: user)
        return EmptyObject()
    }
}
