import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading

/// The state of a room, for those who left it as of then: `GET /_matrix/client/v3/rooms/{roomId}/state` (spec v1.19).
struct GetState: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/rooms/{roomId}/state", cost: .read)

    let reader: RoomReader
    let lists: StateLists

    /// - Throws: `M_FORBIDDEN` for a room the caller may not read.
    func respond(to request: UserRequest) async throws -> PiecewiseAnswer {
        let room = try request.path("roomId", as: RoomID.self)
        let view = try await reader.demand(room, for: request.caller)
        let pieces = try await lists.pieces(at: view.position, in: view, .all)
        return PiecewiseAnswer(head: "[", pieces: pieces, tail: "]")
    }
}
