import HTTPServer
import MatrixHTTP

/// The events of one type that relate to another in a certain way:
/// `GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}` (spec v1.19, "Relationships API").
struct ListRelationsOfEventType: Endpoint {
    static let route = Route.client(
        .get, "/_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}", cost: .read)

    let lister: RelationLister

    /// - Throws: `M_NOT_FOUND` for an event the caller may not see, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        try await lister.page(
            request, relationType: try request.path("relType"), eventType: try request.path("eventType"))
    }
}
