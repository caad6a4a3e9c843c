import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// A filter uploaded before: `GET /_matrix/client/v3/user/{userId}/filter/{filterId}` (spec v1.19, "Filtering").
struct GetFilter: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/user/{userId}/filter/{filterId}")

    let filters: FilterStore

    /// - Throws: `M_FORBIDDEN` for another user, `M_NOT_FOUND`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let user = try request.path("userId", as: UserID.self)
        let number = Int32(try request.path("filterId"))
        guard user == request.caller else { throw MatrixError.forbidden("These are another user's filters.") }
        guard let number, let filter = try await filters.fetch(number, of: user) else {
            throw MatrixError.notFound("You have no such filter.")
        }
        return filter
    }
}
