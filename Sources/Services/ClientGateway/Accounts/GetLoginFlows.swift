import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// How one can log in: `GET /_matrix/client/v3/login` (spec v1.19, "Login").
struct GetLoginFlows: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/login", auth: .none)

    let provider: UpstreamProvider?

    /// Single sign-on is there without a provider too: its pages are where people look after their accounts, and those
    /// who know of OAuth are to prefer them (spec v1.19, "OAuth 2.0 aware clients").
    func respond(to request: PublicRequest) async throws -> JSONObject {
        var sso: JSONObject = [
            "type": "m.login.sso", "oauth_aware_preferred": true,
            "org.matrix.msc3824.delegated_oidc_compatibility": true,
        ]
        if let provider {
            sso["identity_providers"] = [["id": .string(UpstreamProvider.id), "name": .string(provider.name)]]
        }
        return [
            "flows": [
                ["type": "m.login.password"], .object(sso), ["type": "m.login.token", "get_login_token": true],
            ]
        ]
    }
}
