import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP

/// A part of a space's tree: `GET /_matrix/client/v1/rooms/{roomId}/hierarchy` (spec v1.19, "Spaces").
struct GetHierarchy: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v1/rooms/{roomId}/hierarchy", cost: .read)
    static let limitDefault = 50
    /// The most rooms of an answer.
    static let limitMax = 100

    let previews: RoomPreviews

    /// - Throws: `M_FORBIDDEN` for a room the caller may not see, `M_INVALID_PARAM` also when parameters change from page
    ///   to page.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let root = try request.path("roomId", as: RoomID.self)
        let limit = try request.queryInteger("limit") ?? Int64(Self.limitDefault)
        guard limit > 0 else { throw MatrixError.invalidParam("'limit' is at least 1.") }
        let depth = try request.queryInteger("max_depth") ?? Int64(SpaceWalk.depthMax)
        guard depth >= 0 else { throw MatrixError.invalidParam("'max_depth' is not negative.") }
        let from = HierarchyToken(
            returned: 0, depth: Int(min(depth, Int64(SpaceWalk.depthMax))),
            isSuggestedOnly: try request.queryBool("suggested_only") ?? false)
        let start = try Self.start(from, request.query("from"))
        var walk = SpaceWalk(
            previews: previews, user: request.caller, depthMax: start.depth, isSuggestedOnly: start.isSuggestedOnly)
        let end = start.returned + Int(min(limit, Int64(Self.limitMax)))
        // One more says whether there is more.
        let rooms = try await walk.rooms(from: root, limit: end + 1)
        guard !rooms.isEmpty else { throw MatrixError.forbidden("You may not see this room.") }
        var answer: JSONObject = ["rooms": .array(rooms.prefix(end).dropFirst(start.returned).map(JSONValue.object))]
        if rooms.count > end {
            answer["next_batch"] = .string(
                HierarchyToken(returned: end, depth: start.depth, isSuggestedOnly: start.isSuggestedOnly).text)
        }
        return answer
    }

    private static func start(_ asked: HierarchyToken, _ text: String?) throws -> HierarchyToken {
        guard let text else { return asked }
        guard let token = HierarchyToken(text), token.returned < SpaceWalk.roomsMax else {
            throw MatrixError.invalidParam("'from' is not a token of this server.")
        }
        guard token.depth == asked.depth, token.isSuggestedOnly == asked.isSuggestedOnly else {
            throw MatrixError.invalidParam("'suggested_only' and 'max_depth' do not change from page to page.")
        }
        return token
    }
}
