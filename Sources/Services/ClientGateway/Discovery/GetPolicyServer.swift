import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// The key of the policy server of this name: `GET /.well-known/matrix/policy_server` (spec v1.19, "Policy Servers").
struct GetPolicyServer: Endpoint {
    static let route = Route.client(.get, "/.well-known/matrix/policy_server", auth: .none)

    /// An Ed25519 key in unpadded base64; `nil` when there is no policy server.
    let publicKey: String?

    /// - Throws: `M_NOT_FOUND` when there is none.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        guard let publicKey else { throw MatrixError.notFound("There is no policy server here.") }
        return ["public_keys": ["ed25519": .string(publicKey)]]
    }
}
