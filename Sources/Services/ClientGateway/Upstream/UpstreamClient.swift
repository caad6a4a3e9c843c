import CanonicalJSON
import HTTPServer
import Identifiers
import Logging
import MatrixHTTP
import OutboundHTTP
import Synchronization
import WorkerContracts

// Authorization code flow with PKCE and a nonce (OpenID Connect Core 1.0, section 3.1). The ID token comes straight from the
// provider over a connection whose certificate is checked, so its signature need not be (section 3.1.3.7, point 6); the
// provider is https, or on this machine.

/// Asks the OpenID Connect provider who somebody is.
final class UpstreamClient: Sendable {
    /// The longest the provider may take for one answer.
    static let callMax = Duration.seconds(10)
    /// How long what the provider says of itself is believed.
    static let metadataLife = Duration.seconds(3_600)
    /// The most the provider may answer, in bytes.
    static let answerBytesMax = 256 << 10
    /// By how much the provider's clock may be behind, in seconds.
    static let skewSeconds: Int64 = 60
    static let subjectBytesMax = 255

    private struct Metadata: Sendable {
        let authorizationEndpoint: String
        let tokenEndpoint: String
        let takesBasic: Bool
    }

    let provider: UpstreamProvider
    /// Where the provider sends browsers back to.
    let redirectURI: String
    private let client: HTTPClient
    private let clock: WallClock
    private let logger: Logger
    private let known = Mutex<(metadata: Metadata, until: ContinuousClock.Instant)?>(nil)

    init(provider: UpstreamProvider, redirectURI: String, client: HTTPClient, clock: WallClock, logger: Logger) {
        self.provider = provider
        self.redirectURI = redirectURI
        self.client = client
        self.clock = clock
        self.logger = logger
    }

    /// Where a browser goes to log in.
    ///
    /// - Throws: 503 when the provider cannot be asked.
    func authorizationURL(_ secrets: UpstreamSecrets, state: String) async throws -> String {
        let endpoint = try await metadata().authorizationEndpoint
        let separator = endpoint.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        return endpoint + separator
            + FormText.text([
                ("response_type", "code"), ("client_id", provider.clientID), ("redirect_uri", redirectURI),
                ("scope", provider.scopes), ("state", state), ("nonce", secrets.nonce),
                ("code_challenge", OAuthServer.challenge(of: secrets.verifier)), ("code_challenge_method", "S256"),
            ])
    }

    /// Who came back with `code`; `nil` when the provider does not take it, or says what cannot be believed.
    ///
    /// - Throws: 503 when the provider cannot be asked.
    func identity(for code: String, _ secrets: UpstreamSecrets) async throws -> UpstreamIdentity? {
        let metadata = try await metadata()
        var fields = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI),
            ("code_verifier", secrets.verifier),
        ]
        var headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        let id = PercentEncoding.encode(provider.clientID)
        if metadata.takesBasic {
            let pair = Array("\(id):\(PercentEncoding.encode(provider.clientSecret))".utf8)
            headers.append(("Authorization", "Basic \(PaddedBase64.encode(pair))"))
        } else {
            fields += [("client_id", provider.clientID), ("client_secret", provider.clientSecret)]
        }
        let answer = try await send(
            HTTPRequest(
                method: "POST", url: metadata.tokenEndpoint, headers: headers,
                body: Array(FormText.text(fields).utf8), responseBytesMax: Self.answerBytesMax))
        guard answer.status == 200, let token = answer.body?["id_token"]?.stringValue else {
            logger.notice("the identity provider gave no ID token", metadata: ["status": "\(answer.status)"])
            return nil
        }
        let now = clock.now().milliseconds / 1_000
        guard let identity = UpstreamIdentity(idToken: token, of: provider, nonce: secrets.nonce, nowSeconds: now)
        else {
            logger.warning("the identity provider gave an ID token that is not for this server")
            return nil
        }
        return identity
    }

    private func metadata() async throws -> Metadata {
        if let known = known.withLock({ $0 }), known.until > .now { return known.metadata }
        var issuer = provider.issuer
        if issuer.utf8.last == UInt8(ascii: "/") { issuer.removeLast() }
        let answer = try await send(
            HTTPRequest(
                method: "GET", url: "\(issuer)/.well-known/openid-configuration",
                responseBytesMax: Self.answerBytesMax))
        guard answer.status == 200, let body = answer.body,
            let name = body["issuer"]?.stringValue, name.utf8.elementsEqual(provider.issuer.utf8),
            let authorization = body["authorization_endpoint"]?.stringValue.flatMap(UpstreamProvider.endpoint),
            let token = body["token_endpoint"]?.stringValue.flatMap(UpstreamProvider.endpoint)
        else {
            logger.error("the identity provider does not describe itself", metadata: ["status": "\(answer.status)"])
            throw Self.unavailable
        }
        let methods = body["token_endpoint_auth_methods_supported"]?.arrayValue
        let metadata = Metadata(
            authorizationEndpoint: authorization, tokenEndpoint: token,
            takesBasic: methods?.contains("client_secret_basic") ?? true)
        known.withLock { $0 = (metadata, .now + Self.metadataLife) }
        return metadata
    }

    private func send(_ request: HTTPRequest) async throws -> (status: Int, body: JSONObject?) {
        let response: HTTPResponse
        do {
            response = try await client.execute(request, deadline: .now + Self.callMax)
        } catch {
            logger.error("the identity provider cannot be reached", metadata: ["error": "\(error)"])
            throw Self.unavailable
        }
        // What is no JSON is treated as an answer without the members that are looked for.
        return (response.status, try? JSONObject.parse(response.body))
    }

    private static var unavailable: MatrixError {
        MatrixError.unavailable("The identity provider cannot be reached.", retryAfter: .seconds(10))
    }
}
