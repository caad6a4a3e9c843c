import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// A user's profile: `GET /_matrix/client/v3/profile/{userId}` (spec v1.19, "Profiles").
struct GetProfile: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/profile/{userId}", auth: .none)

    let profiles: ProfileStore

    /// - Throws: `M_NOT_FOUND` when there is no such user here.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        let user = try request.path("userId", as: UserID.self)
        guard let profile = try await profiles.fetch(user) else { throw MatrixError.notFound("Profile not found.") }
        return profile
    }
}
