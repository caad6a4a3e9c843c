import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Where the OAuth endpoints are: `GET /_matrix/client/v1/auth_metadata` (spec v1.19, "Server metadata discovery").
struct GetAuthMetadata: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v1/auth_metadata", auth: .none)

    let server: OAuthServer
    let registration: RegistrationPolicy

    func respond(to request: PublicRequest) async throws -> JSONObject { server.metadata(registration) }
}

/// The same for clients from before it was in the spec: `GET
/// /_matrix/client/unstable/org.matrix.msc2965/auth_metadata` (MSC2965).
struct GetAuthMetadataUnstable: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata", auth: .none)

    let server: OAuthServer
    let registration: RegistrationPolicy

    func respond(to request: PublicRequest) async throws -> JSONObject { server.metadata(registration) }
}

extension OAuthServer {
    fileprivate func metadata(_ registration: RegistrationPolicy) -> JSONObject {
        var metadata: JSONObject = [
            "issuer": .string(url("/")),
            "authorization_endpoint": .string(url("/oauth2/authorize")),
            "token_endpoint": .string(url("/oauth2/token")),
            "revocation_endpoint": .string(url("/oauth2/revoke")),
            "registration_endpoint": .string(url("/oauth2/register")),
            "device_authorization_endpoint": .string(url("/oauth2/device")),
            "account_management_uri": .string(url(AccountAction.path)),
            "account_management_actions_supported": .array(AccountAction.allCases.map { .string($0.rawValue) }),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "fragment"],
            "grant_types_supported": .array(OAuthClient.Grant.allCases.map { .string($0.rawValue) }),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
        ]
        if registration.takesForms { metadata["prompt_values_supported"] = ["create"] }
        return metadata
    }
}
