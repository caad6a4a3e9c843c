import Identifiers
import MatrixHTTP

/// What a client sends a browser here with (spec v1.19, "Authorization code flow"; RFC 6749, section 4.1.1).
struct AuthorizationRequest: Sendable {
    /// What stays of the request from page to page.
    static let names = [
        "response_type", "client_id", "redirect_uri", "scope", "state", "response_mode", "code_challenge",
        "code_challenge_method", "prompt",
    ]

    let client: OAuthClient
    let redirectURI: RedirectURI
    let isFragment: Bool
    let state: String?
    let fields: [(name: String, value: String)]
    private let values: [String: String]

    /// Finds the client and where it may be answered; without both nobody but the person is told.
    ///
    /// - Throws: a page.
    init(_ server: OAuthServer, _ value: (String) -> String?) async throws {
        var values: [String: String] = [:]
        for name in Self.names { values[name] = value(name) }
        self.values = values
        fields = Self.names.compactMap { name in values[name].map { (name, $0) } }
        do {
            client = try await server.client(values["client_id"])
        } catch is OAuthError {
            throw Self.refusal("The program that sent you here is not known.")
        }
        guard let text = values["redirect_uri"], let uri = RedirectURI(text),
            client.redirectURIs.contains(where: uri.matches)
        else { throw Self.refusal("The program that sent you here gave an address that is not its own.") }
        redirectURI = uri
        isFragment = values["response_mode"] == "fragment"
        state = values["state"]
    }

    /// Checks the rest, of which the client is told.
    ///
    /// - Throws: ``OAuthError``.
    func checked() throws -> (scope: OAuthScope, challenge: String) {
        guard values["response_type"] == "code", client.may(.code) else {
            throw OAuthError(.unsupportedResponseType, "Only codes are given here.")
        }
        let mode = values["response_mode"] ?? "query"
        guard mode == "query" || mode == "fragment" else {
            throw OAuthError(.invalidRequest, "'response_mode' is query or fragment.")
        }
        guard values["code_challenge_method"] == "S256", let challenge = values["code_challenge"],
            challenge.utf8.count == 43
        else { throw OAuthError(.invalidRequest, "PKCE with S256 is needed.") }
        return (try OAuthScope(values["scope"] ?? ""), challenge)
    }

    var wantsAccount: Bool { values["prompt"] == "create" }

    /// The request as the query of a page.
    var query: String {
        FormText.text(fields.filter { $0.name != "prompt" })
    }

    /// Where the browser goes with an answer.
    func answer(_ parameters: [(name: String, value: String)]) -> String {
        let state = state.map { [(name: "state", value: $0)] } ?? []
        return redirectURI.with(state + parameters, inFragment: isFragment)
    }

    func answer(_ error: OAuthError) -> String {
        answer([("error", error.code.rawValue), ("error_description", error.message)])
    }

    private static func refusal(_ text: String) -> PageRefusal {
        PageRefusal(text)
    }
}
