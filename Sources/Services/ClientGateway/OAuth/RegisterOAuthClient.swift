import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// Makes a client known: `POST /oauth2/register` (spec v1.19, "Client registration"; RFC 7591).
struct RegisterOAuthClient: Endpoint {
    static let route = Route.client(.post, "/oauth2/register", auth: .none)

    let server: OAuthServer
    let rates: RateLimits

    /// - Throws: `invalid_client_metadata`, `invalid_redirect_uri`.
    func respond(to request: PublicRequest) async throws -> OAuthAnswer {
        let body: JSONObject
        do {
            body = try request.jsonBody()
        } catch let error as MatrixError {
            throw OAuthError(.invalidClientMetadata, error.message ?? "The body is not JSON.")
        }
        let client = try OAuthClient(registering: body)
        try await rates.demand(.oauthRegistration, from: request.clientAddress)
        let now = server.clock.now()
        try await server.clients.register(client.id, metadata: client.metadata, at: now)
        var answer = client.metadata
        answer["client_id"] = .string(client.id)
        answer["client_id_issued_at"] = .int(now.milliseconds / 1_000)
        return OAuthAnswer(status: 201, body: answer)
    }
}
