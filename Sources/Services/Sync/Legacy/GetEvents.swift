import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading

/// What happens in the caller's rooms: `GET /_matrix/client/v3/events` (spec v1.19, deprecated; `/sync` has replaced it).
struct GetEvents: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/events", cost: .sync, worker: "sync")

    let syncs: SyncRunner

    /// Waits from now on when no `from` is given.
    ///
    /// - Throws: `M_INVALID_PARAM` for a token that is none or another user's.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let milliseconds = try request.queryInteger("timeout") ?? 0
        guard milliseconds >= 0 else { throw MatrixError.invalidParam("'timeout' is negative.") }
        var room = JSONObject()
        if let text = request.query("room_id") {
            guard let id = RoomID(text) else { throw MatrixError.invalidParam("'room_id' is no room ID.") }
            room["rooms"] = [.string(id.rawValue)]
        }
        let since: SyncToken
        if let text = request.query("from"), !text.isEmpty {
            guard let token = SyncToken(text), token.isBound(to: request.caller) else {
                throw MatrixError.invalidParam("'from' is no token of this server for you.")
            }
            since = token
        } else {
            since = try await syncs.now(for: request.caller)
        }
        let sync = SyncRequest(
            viewer: Viewer(user: request.caller, device: request.device), filter: SyncFilter(["room": .object(room)]),
            since: since, timeout: min(.milliseconds(milliseconds), SyncRequest.timeoutMax))
        let answer = try await syncs.run(sync, token: request.token)
        return OlderAnswer(answer: try answer.object(), user: request.caller).events(since: since.text)
    }
}
