import HTTPServer
import Identifiers
import MatrixHTTP

/// Sets a field of the caller's profile: `PUT /_matrix/client/v3/profile/{userId}/{keyName}` (spec v1.19, "Profiles").
struct PutProfileField: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/profile/{userId}/{keyName}", cost: .write, bodyLimit: .event)

    let setter: ProfileSetter

    /// - Throws: `M_FORBIDDEN` for another user's profile, `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`,
    ///   `M_PROFILE_TOO_LARGE`, `M_KEY_TOO_LARGE`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let user = try request.path("userId", as: UserID.self)
        let key = try ProfileKey(try request.path("keyName"))
        let value = try key.value(in: try request.jsonBody())
        guard user == request.caller else { throw MatrixError.forbidden("This is another user's profile.") }
        // Of their profile, guests may change how they are called and nothing else.
        if request.isGuest, key.name != "displayname" { throw MatrixError.guestAccessForbidden }
        try await setter.set(key, to: value, of: user)
        return EmptyObject()
    }
}
