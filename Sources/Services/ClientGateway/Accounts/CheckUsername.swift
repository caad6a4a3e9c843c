import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Whether a user name is free: `GET /_matrix/client/v3/register/available` (spec v1.19).
struct CheckUsername: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/register/available", auth: .none)

    let server: ServerName
    let accounts: AccountStore

    /// - Throws: `M_MISSING_PARAM`, `M_INVALID_USERNAME`, `M_USER_IN_USE`.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        guard let name = request.query("username") else { throw MatrixError.missingParam("'username' is missing.") }
        let user = try Username.newUser(name, on: server)
        guard try await accounts.fetch(user) == nil else { throw MatrixError.userInUse("This user name is taken.") }
        return ["available": true]
    }
}
