import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP

/// The room directory: `GET /_matrix/client/v3/publicRooms` (spec v1.19, "Published room directory").
struct ListPublicRooms: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/publicRooms", cost: .read, auth: .none)

    let directory: RoomDirectory

    /// - Throws: `M_INVALID_PARAM`, `M_FORBIDDEN` for another server's directory.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        try directory.demandOwn(request.query("server"))
        let query = try DirectoryQuery(limit: try request.queryInteger("limit"), since: request.query("since"))
        return try await directory.list(query)
    }
}
