import HTTPServer
import MatrixHTTP
import RoomReading

/// Looks for words in the rooms the caller is in: `POST /_matrix/client/v3/search` (spec v1.19, "Server Side Search").
struct SearchEvents: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/search", cost: .read)

    let access: RoomAccess
    let finder: SearchFinder
    let results: SearchResults

    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        let body = BodyFields(try request.jsonBody())
        guard let categories = try body.object("search_categories").map(BodyFields.init) else {
            throw MatrixError.missingParam("'search_categories' is missing.")
        }
        guard let wanted = try categories.object("room_events") else {
            return JSONBytes(Array(#"{"search_categories":{}}"#.utf8))
        }
        let search = try SearchRequest(BodyFields(wanted))
        var token: SearchToken?
        if let text = request.query("next_batch") {
            guard let read = SearchToken(text) else {
                throw MatrixError.invalidParam("'next_batch' is not a token of this server.")
            }
            token = read
        }
        let rooms = try await access.joinedRooms(of: request.caller)
        let page = try await finder.page(search, in: rooms, for: request.caller, after: token)
        let viewer = Viewer(user: request.caller, device: request.device)
        return JSONBytes(try await results.answer(page, to: search, for: viewer))
    }
}
