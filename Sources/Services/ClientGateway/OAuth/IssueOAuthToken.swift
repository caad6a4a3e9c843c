import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Gives tokens for a code, a refresh token or a device: `POST /oauth2/token` (spec v1.19, "Grant types"; RFC 6749, 7636,
/// 8628).
struct IssueOAuthToken: Endpoint {
    static let route = Route.client(.post, "/oauth2/token", cost: .account, auth: .none)

    let server: OAuthServer

    /// - Throws: ``OAuthError``.
    func respond(to request: PublicRequest) async throws -> OAuthAnswer {
        let form = try OAuthForm(request)
        guard let grant = OAuthClient.Grant(rawValue: try form.required("grant_type")) else {
            throw OAuthError(.unsupportedGrantType, "This server has no such grant.")
        }
        let client = try await server.client(form["client_id"])
        guard client.may(grant) || grant == .refresh else {
            throw OAuthError(.unsupportedGrantType, "The client did not register for this grant.")
        }
        let answer =
            switch grant {
            case .code: try await byCode(form, client)
            case .refresh: try await byRefreshToken(form, client)
            case .device: try await byDevice(form, client)
            }
        return OAuthAnswer(body: answer)
    }

    private func byCode(_ form: OAuthForm, _ client: OAuthClient) async throws -> JSONObject {
        let text = try form.required("code")
        let redirectURI = try form.required("redirect_uri")
        let verifier = try form.required("code_verifier")
        switch try await server.codes.take(OAuthServer.hash(text), at: server.clock.now()) {
        case .unknown: throw OAuthError(.invalidGrant, "The code is unknown or has expired.")
        case .reused(let code):
            // Who brings it second may be who should have it: what the first got ends (RFC 6749, section 4.1.2).
            try await server.removal.remove([code.device], of: code.user)
            throw OAuthError(.invalidGrant, "The code has been used.")
        case .taken(let code):
            guard code.client.utf8.elementsEqual(client.id.utf8),
                code.redirectURI.utf8.elementsEqual(redirectURI.utf8),
                (43...128).contains(verifier.utf8.count),
                OAuthServer.challenge(of: verifier).utf8.elementsEqual(code.challenge.utf8)
            else { throw OAuthError(.invalidGrant, "The code is another client's or request's.") }
            return try await server.tokens(for: code.user, device: code.device, client: client, scope: code.scope)
        }
    }

    private func byRefreshToken(_ form: OAuthForm, _ client: OAuthClient) async throws -> JSONObject {
        do {
            let answer = try await server.starter.refresh(try form.required("refresh_token"), oauthClient: client.id)
            return OAuthServer.tokenAnswer(answer, scope: nil)
        } catch let error as MatrixError where error.status == 401 {
            throw OAuthError(.invalidGrant, error.message ?? "The refresh token is not known, or no longer.")
        }
    }

    private func byDevice(_ form: OAuthForm, _ client: OAuthClient) async throws -> JSONObject {
        let code = try form.required("device_code")
        let poll = try await server.deviceRequests.poll(
            OAuthServer.hash(code), client: client.id, interval: OAuthServer.pollInterval, at: server.clock.now())
        switch poll {
        case .allowed(let user, let wanted):
            return try await server.tokens(for: user, device: wanted.device, client: client, scope: wanted.scope)
        case .denied: throw OAuthError(.accessDenied, "It was not allowed.")
        case .pending: throw OAuthError(.authorizationPending, "Nobody has decided yet.")
        case .tooSoon: throw OAuthError(.slowDown, "You ask too often.")
        case .expired: throw OAuthError(.expiredToken, "Nobody decided in time.")
        case .unknown: throw OAuthError(.invalidGrant, "There is no such device code.")
        }
    }
}

/// The form of a request between programs.
struct OAuthForm {
    private let fields: FormFields

    init(_ request: PublicRequest) throws {
        do {
            fields = try FormFields(request.rawBody)
        } catch let error as MatrixError {
            throw OAuthError(.invalidRequest, error.message ?? "The body is no form.")
        }
    }

    subscript(name: String) -> String? { fields[name] }

    func required(_ name: String) throws -> String {
        guard let value = fields[name], !value.isEmpty else {
            throw OAuthError(.invalidRequest, "'\(name)' is missing.")
        }
        return value
    }
}
