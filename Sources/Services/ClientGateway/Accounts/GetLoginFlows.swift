import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// How one can log in: `GET /_matrix/client/v3/login` (spec v1.19, "Login").
struct GetLoginFlows: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/login", auth: .none)

    func respond(to request: PublicRequest) async throws -> JSONObject {
        ["flows": [["type": "m.login.password"]]]
    }
}
