import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading

/// The member events of a room: `GET /_matrix/client/v3/rooms/{roomId}/members` (spec v1.19, "Getting events for a room").
struct ListMembers: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/rooms/{roomId}/members", cost: .read)

    let reader: RoomReader
    let lists: StateLists

    /// - Throws: `M_FORBIDDEN` for a room the caller may not read, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> PiecewiseAnswer {
        let room = try request.path("roomId", as: RoomID.self)
        let selection = MemberSelection(
            only: try Self.membership("membership", request), not: try Self.membership("not_membership", request))
        let view = try await reader.demand(room, for: request.caller)
        let at = try HistoryQuery.place("at", request, in: view).map { Self.visible($0, in: view) }
        let pieces = try await lists.pieces(at: at ?? view.position, in: view, .members(selection))
        return PiecewiseAnswer(head: #"{"chunk":["#, pieces: pieces, tail: "]}")
    }

    /// The place itself, or when the caller may not see the room there, the next at which they may.
    private static func visible(_ place: ShardSequence, in view: RoomView) -> ShardSequence {
        guard !view.isVisible(at: place) else { return place }
        return EventPages.firstVisible(after: place, in: view) ?? view.position
    }

    private static func membership(_ name: String, _ request: UserRequest) throws -> ByteOrderedText? {
        guard let text = request.query(name) else { return nil }
        guard Membership(rawValue: text) != nil else {
            throw MatrixError.invalidParam("'\(name)' is join, invite, leave, ban or knock.")
        }
        return ByteOrderedText(text)
    }
}
