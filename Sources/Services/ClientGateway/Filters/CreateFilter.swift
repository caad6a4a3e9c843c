import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Uploads a filter: `POST /_matrix/client/v3/user/{userId}/filter` (spec v1.19, "Filtering").
struct CreateFilter: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/user/{userId}/filter")

    let filters: FilterStore

    /// - Throws: `M_FORBIDDEN` for another user, `M_BAD_JSON` for a member of the wrong type,
    ///   `M_RESOURCE_LIMIT_EXCEEDED` over ``FilterStore/filtersMax`` different ones.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let user = try request.path("userId", as: UserID.self)
        let filter = try request.jsonBody()
        try FilterRules.check(filter)
        guard user == request.caller else { throw MatrixError.forbidden("These are another user's filters.") }
        guard let number = try await filters.insert(filter, of: user) else {
            throw MatrixError(
                status: 403, errcode: "M_RESOURCE_LIMIT_EXCEEDED", message: "You have too many different filters.")
        }
        return ["filter_id": .string(String(number))]
    }
}
