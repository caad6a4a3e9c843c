import HTTPServer
import Identifiers
import MatrixHTTP

/// Removes a field of the caller's profile: `DELETE /_matrix/client/v3/profile/{userId}/{keyName}` (spec v1.19).
struct DeleteProfileField: Endpoint {
    static let route = Route.client(.delete, "/_matrix/client/v3/profile/{userId}/{keyName}", cost: .write)

    let setter: ProfileSetter

    /// - Throws: `M_FORBIDDEN` for another user's profile, `M_INVALID_PARAM`, `M_KEY_TOO_LARGE`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let user = try request.path("userId", as: UserID.self)
        let key = try ProfileKey(try request.path("keyName"))
        guard user == request.caller else { throw MatrixError.forbidden("This is another user's profile.") }
        // Of their profile, guests may change how they are called and nothing else.
        if request.isGuest, key.name != "displayname" { throw MatrixError.guestAccessForbidden }
        try await setter.set(key, to: nil, of: user)
        return EmptyObject()
    }
}
