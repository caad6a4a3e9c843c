import HTTPServer
import MatrixHTTP

/// Logs all of the caller's devices out and deletes them: `POST /_matrix/client/v3/logout/all` (spec v1.19, "Login").
struct LogoutAll: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/logout/all")

    let removal: DeviceRemoval

    func respond(to request: UserRequest) async throws -> EmptyObject {
        try await removal.removeAll(of: request.caller, except: nil)
        return EmptyObject()
    }
}
