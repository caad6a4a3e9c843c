import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Whether an account is locked: `GET /_matrix/client/v1/admin/lock/{userId}` (spec v1.19, "Server Administration").
struct GetLocked: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v1/admin/lock/{userId}")

    let accounts: ModeratedAccount

    /// - Throws: as ``ModeratedAccount/target(of:)``.
    func respond(to request: UserRequest) async throws -> JSONObject {
        ["locked": .bool(try await accounts.target(of: request).isLocked)]
    }
}
