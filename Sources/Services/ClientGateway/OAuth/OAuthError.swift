import CanonicalJSON
import HTTPServer
import NIOCore

/// A refusal as OAuth 2.0 has it (RFC 6749, section 5.2).
struct OAuthError: HTTPAnswerable {
    enum Code: String {
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case invalidScope = "invalid_scope"
        case unsupportedGrantType = "unsupported_grant_type"
        case unsupportedResponseType = "unsupported_response_type"
        case invalidRedirectURI = "invalid_redirect_uri"
        case invalidClientMetadata = "invalid_client_metadata"
        case accessDenied = "access_denied"
        case authorizationPending = "authorization_pending"
        case slowDown = "slow_down"
        case expiredToken = "expired_token"
    }

    let code: Code
    let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    var answer: HTTPAnswer {
        let body: JSONObject = ["error": .string(code.rawValue), "error_description": .string(message)]
        return HTTPAnswer(
            status: code == .invalidClient ? 401 : 400, headers: [("Cache-Control", "no-store")],
            body: .bytes(ByteBuffer(bytes: body.bytes())))
    }
}
