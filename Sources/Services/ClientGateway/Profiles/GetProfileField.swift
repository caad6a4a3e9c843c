import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// One field of a profile: `GET /_matrix/client/v3/profile/{userId}/{keyName}` (spec v1.19, "Profiles").
struct GetProfileField: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/profile/{userId}/{keyName}", auth: .none)

    let profiles: ProfileStore

    /// - Throws: `M_NOT_FOUND` when there is no such user here or they have no such field.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        let user = try request.path("userId", as: UserID.self)
        let key = try ProfileKey(try request.path("keyName"))
        guard let profile = try await profiles.fetch(user) else { throw MatrixError.notFound("Profile not found.") }
        guard let value = profile[key.name] else { throw MatrixError.notFound("The profile has no such field.") }
        return [key.name: value]
    }
}
