import HTTPServer
import MatrixHTTP

/// The events that relate to one: `GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}` (spec v1.19,
/// "Relationships API").
struct ListRelations: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v1/rooms/{roomId}/relations/{eventId}", cost: .read)

    let lister: RelationLister

    /// - Throws: `M_NOT_FOUND` for an event the caller may not see, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONBytes { try await lister.page(request) }
}
