import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// Begins to log in a device that has no browser: `POST /oauth2/device` (spec v1.19, "Device authorisation grant"; RFC
/// 8628).
struct BeginDeviceAuthorization: Endpoint {
    static let route = Route.client(.post, "/oauth2/device", auth: .none)
    /// What a person types: consonants, so that it spells nothing.
    static let userCodeLength = 8
    static let userCodeAlphabet = Array("BCDFGHJKLMNPQRSTVWXZ")
    /// How often another user code is tried when one is taken.
    static let triesMax = 5

    let server: OAuthServer
    let rates: RateLimits

    /// - Throws: ``OAuthError``.
    func respond(to request: PublicRequest) async throws -> OAuthAnswer {
        let form = try OAuthForm(request)
        let client = try await server.client(form["client_id"])
        guard client.may(.device) else {
            throw OAuthError(.unsupportedGrantType, "The client did not register for this grant.")
        }
        let scope = try OAuthScope(form.required("scope"))
        try await rates.demand(.oauthRegistration, from: request.clientAddress)
        let deviceCode = SecureRandom.text(40, of: SecureRandom.letters)
        let userCode = try await keep(
            OAuthDeviceRequest(client: client.id, device: scope.device, scope: scope.text), deviceCode)
        let shown = "\(userCode.prefix(4))-\(userCode.suffix(4))"
        return OAuthAnswer(body: [
            "device_code": .string(deviceCode), "user_code": .string(shown),
            "verification_uri": .string(server.url("/oauth2/link")),
            "verification_uri_complete": .string(server.url("/oauth2/link?user_code=\(shown)")),
            "expires_in": .int(OAuthServer.deviceRequestLife.components.seconds),
            "interval": .int(OAuthServer.pollInterval.components.seconds),
        ])
    }

    private func keep(_ request: OAuthDeviceRequest, _ deviceCode: String) async throws -> String {
        let now = server.clock.now()
        for _ in 0..<Self.triesMax {
            let userCode = SecureRandom.text(Self.userCodeLength, of: Self.userCodeAlphabet)
            let isKept = try await server.deviceRequests.insert(
                OAuthServer.hash(deviceCode), userCode: userCode, request, at: now,
                expiresAt: now.advanced(by: OAuthServer.deviceRequestLife))
            if isKept { return userCode }
        }
        throw MatrixError.unavailable("No code is free.", retryAfter: .seconds(1))
    }
}
