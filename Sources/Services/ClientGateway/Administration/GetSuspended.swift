import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Whether an account is suspended: `GET /_matrix/client/v1/admin/suspend/{userId}` (spec v1.19, "Server Administration").
struct GetSuspended: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v1/admin/suspend/{userId}")

    let accounts: ModeratedAccount

    /// - Throws: as ``ModeratedAccount/target(of:)``.
    func respond(to request: UserRequest) async throws -> JSONObject {
        ["suspended": .bool(try await accounts.target(of: request).isSuspended)]
    }
}
