import HTTPServer
import MatrixHTTP

/// Logs the caller's device out and deletes it: `POST /_matrix/client/v3/logout` (spec v1.19, "Login").
struct Logout: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/logout")

    let removal: DeviceRemoval

    func respond(to request: UserRequest) async throws -> EmptyObject {
        try await removal.remove([request.device], of: request.caller)
        return EmptyObject()
    }
}
