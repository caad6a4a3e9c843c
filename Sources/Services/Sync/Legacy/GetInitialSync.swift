import CanonicalJSON
import HTTPServer
import MatrixHTTP
import RoomReading

/// The caller's rooms, with their state and latest events: `GET /_matrix/client/v3/initialSync` (spec v1.19, deprecated;
/// `/sync` has replaced it).
struct GetInitialSync: Endpoint {
    static let route = Route.client(
        .get, "/_matrix/client/v3/initialSync", cost: .sync, worker: "sync", firstCost: .initialSync)

    let syncs: SyncRunner
    let initialPlaces: Admission
    let pace: BytePace

    /// - Throws: `M_INVALID_PARAM`, a 429 with `Retry-After` when too many ask.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let limit = try request.queryInteger("limit") ?? Int64(SyncFilter.timelineLimitDefault)
        guard limit >= 0 else { throw MatrixError.invalidParam("'limit' is negative.") }
        let isArchivedWanted = try request.queryBool("archived") ?? false
        let filter = SyncFilter([
            "room": ["include_leave": .bool(isArchivedWanted), "timeline": ["limit": .int(limit)]]
        ])
        let sync = SyncRequest(
            viewer: Viewer(user: request.caller, device: request.device), filter: filter, since: nil,
            usesStateAfter: true)
        return try await initialPlaces.withPlace {
            let answer = try await syncs.run(sync, token: request.token)
            try await pace.wait(for: answer.byteCount)
            return OlderAnswer(answer: try answer.object(), user: request.caller).initialSync
        }
    }
}
