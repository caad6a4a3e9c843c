import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP

/// The room of an alias: `GET /_matrix/client/v3/directory/room/{roomAlias}` (spec v1.19, "Room aliases").
struct GetAlias: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/directory/room/{roomAlias}", auth: .none)

    let resolver: AliasResolver

    /// - Throws: `M_NOT_FOUND`.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        let alias = try request.path("roomAlias", as: RoomAlias.self)
        let record = try await resolver.resolve(alias)
        return [
            "room_id": .string(record.room.rawValue), "servers": [.string(resolver.server.rawValue)],
        ]
    }
}
