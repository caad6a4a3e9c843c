import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP

/// The room directory, filtered: `POST /_matrix/client/v3/publicRooms` (spec v1.19, "Published room directory").
struct SearchPublicRooms: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/publicRooms", cost: .read)

    let directory: RoomDirectory

    /// - Throws: `M_BAD_JSON`, `M_INVALID_PARAM`, `M_FORBIDDEN` for another server's directory.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        try directory.demandOwn(request.query("server"))
        var query = try DirectoryQuery(limit: try body.int("limit"), since: try body.string("since"))
        let filter = BodyFields(try body.object("filter") ?? JSONObject())
        query.term = try filter.string("generic_search_term")
        query.types = try Self.types(try filter.array("room_types"))
        _ = try body.bool("include_all_networks")
        // No bridge lists rooms of its own here.
        if try body.string("third_party_instance_id") != nil {
            return ["chunk": [], "total_room_count_estimate": 0]
        }
        return try await directory.list(query)
    }

    private static func types(_ array: [JSONValue]?) throws -> [String?]? {
        try array?.map { value in
            if value.isNull { return nil }
            guard let type = value.stringValue else {
                throw MatrixError.badJSON("'room_types' must be an array of strings and nulls.")
            }
            return type
        }
    }
}
