import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Exchanges a refresh token: `POST /_matrix/client/v3/refresh` (spec v1.19, "Refreshing access tokens").
struct Refresh: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/refresh", auth: .none)

    let starter: SessionStarter

    /// - Throws: `M_UNKNOWN_TOKEN` for a token that is no longer, or never was, good; `M_USER_LOCKED`.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        return try await starter.refresh(try body.requiredString("refresh_token"))
    }
}
