import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Asks a person whether a client may have access: `GET /oauth2/authorize` (spec v1.19, "Authorization code flow").
struct ShowAuthorization: Endpoint {
    static let route = Route.client(.get, "/oauth2/authorize", auth: .none)

    let server: OAuthServer
    let pages: LoginPages

    /// - Throws: a page when the client or its address is not known.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        let wish = try await AuthorizationRequest(server) { request.query($0) }
        let scope: OAuthScope
        do {
            scope = try wish.checked().scope
        } catch let error as OAuthError {
            return .redirect(to: wish.answer(error))
        }
        let target = "/oauth2/authorize?\(wish.query)"
        guard let user = try await pages.browsers.user(of: request) else {
            let page =
                wish.wantsAccount && pages.registration.takesForms
                ? pages.register(request, to: target) : pages.login(request, to: target)
            return page.httpAnswer
        }
        let tie = pages.browsers.formTie(request)
        let fields = wish.fields.map { HTML.hidden($0.name, $0.value) }.joined(separator: "\n")
        return ConsentPage(
            client: wish.client, user: user, device: scope.device, action: "/oauth2/authorize",
            fields: fields, tie: tie, formTargets: [wish.redirectURI.origin]
        ).page.httpAnswer
    }
}

/// What the person decided: `POST /oauth2/authorize`.
struct DecideAuthorization: Endpoint {
    static let route = Route.client(.post, "/oauth2/authorize", auth: .none)

    let server: OAuthServer
    let pages: LoginPages

    /// - Throws: a page when the form or its request is not what was shown.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        let form = try FormFields(request.rawBody)
        try pages.browsers.check(form, of: request)
        let wish = try await AuthorizationRequest(server) { form[$0] }
        guard let user = try await pages.browsers.user(of: request) else {
            return pages.login(request, to: "/oauth2/authorize?\(wish.query)").httpAnswer
        }
        do {
            let (scope, challenge) = try wish.checked()
            guard form["decision"] == "allow" else { throw OAuthError(.accessDenied, "It was not allowed.") }
            let code = try await server.makeCode(
                OAuthCode(
                    client: wish.client.id, user: user, device: scope.device, redirectURI: wish.redirectURI.text,
                    challenge: challenge, scope: scope.text))
            return .redirect(to: wish.answer([("code", code)]))
        } catch let error as OAuthError {
            return .redirect(to: wish.answer(error))
        }
    }
}

/// The page on which a person allows a client access, or does not.
struct ConsentPage {
    let client: OAuthClient
    let user: UserID
    let device: DeviceID
    let action: String
    /// Hidden ones of the request.
    let fields: String
    let tie: FormTie
    let formTargets: [String]

    /// What the client says of itself, on its own site.
    private var links: String {
        let named = [
            ("Its terms of service", client.metadata["tos_uri"]), ("Its privacy policy", client.metadata["policy_uri"]),
        ]
        return named.compactMap { name, uri in
            uri?.stringValue.map { "<p><a href=\"\(HTML.escaped($0))\" rel=\"noreferrer\">\(name)</a></p>" }
        }.joined(separator: "\n")
    }

    var page: HTMLPage {
        HTMLPage(
            title: "Allow \(client.name)?",
            body: """
                <p><strong>\(HTML.escaped(client.name))</strong> of <strong>\(HTML.escaped(client.host))</strong> wants
                full access to your account <strong>\(HTML.escaped(user.rawValue))</strong>: it will read and send your
                messages, as the device <strong>\(HTML.escaped(device.rawValue))</strong>.</p>
                <p>Allow it only if you came here from that program just now.</p>
                \(links)
                <form method="post" action="\(action)">
                \(tie.field)
                \(fields)
                <button type="submit" name="decision" value="allow">Allow</button>
                <button type="submit" name="decision" value="deny">Do not allow</button>
                </form>
                """, formTargets: formTargets, headers: tie.cookies)
    }
}
