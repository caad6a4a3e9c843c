import HTTPServer
import Identifiers
import MatrixHTTP

/// Sends a browser to where people log in: `GET /_matrix/client/v3/login/sso/redirect` (spec v1.19, "SSO client login").
struct RedirectToSSO: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/login/sso/redirect", auth: .none)

    /// - Throws: a page when `redirectUrl` is none that a token may be sent to.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        .redirect(to: try SSOReturn(request).pagePath, status: 302)
    }
}

/// Sends a browser to the provider: `GET /_matrix/client/v3/login/sso/redirect/{idpId}` (spec v1.19, "SSO client login").
struct RedirectToProvider: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/login/sso/redirect/{idpId}", auth: .none)

    let upstream: UpstreamLogins?

    /// - Throws: a page when there is no such provider, or `redirectUrl` is none that a token may be sent to.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        guard upstream != nil, try request.path("idpId").utf8.elementsEqual(UpstreamProvider.id.utf8) else {
            throw PageRefusal.noProvider
        }
        let target = PercentEncoding.encode(try SSOReturn(request).pagePath)
        return .redirect(to: "\(UpstreamLogins.beginPath)?to=\(target)", status: 302)
    }
}

/// Asks a person whether a client may log in as them: `GET /oauth2/sso`.
struct ShowSSO: Endpoint {
    static let route = Route.client(.get, "/oauth2/sso", auth: .none)

    let pages: LoginPages

    /// - Throws: a page when `redirectUrl` is none that a token may be sent to.
    func respond(to request: PublicRequest) async throws -> HTMLPage {
        let wish = try SSOReturn(request)
        guard let user = try await pages.browsers.user(of: request) else {
            return wish.wantsAccount && pages.registration.takesForms
                ? pages.register(request, to: wish.pagePath) : pages.login(request, to: wish.pagePath)
        }
        let tie = pages.browsers.formTie(request)
        return HTMLPage(
            title: "Log in to a program?",
            body: """
                <p><strong>\(HTML.escaped(wish.uri.origin))</strong> wants full access to your account
                <strong>\(HTML.escaped(user.rawValue))</strong>: it will read and send your messages.</p>
                <p>Allow it only if you came here from that program just now.</p>
                <form method="post" action="/oauth2/sso">\(tie.field)
                \(HTML.hidden("redirectUrl", wish.uri.text))
                <button type="submit">Allow</button></form>
                """, formTargets: [wish.uri.origin], headers: tie.cookies)
    }
}

/// Gives the client its token: `POST /oauth2/sso`.
struct AllowSSO: Endpoint {
    static let route = Route.client(.post, "/oauth2/sso", auth: .none)

    let pages: LoginPages
    let tokens: LoginTokens

    /// - Throws: a page when the form is not what was shown.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        let form = try FormFields(request.rawBody)
        try pages.browsers.check(form, of: request)
        let wish = try SSOReturn(form["redirectUrl"], action: nil)
        guard let user = try await pages.browsers.user(of: request) else {
            return pages.login(request, to: wish.pagePath).httpAnswer
        }
        return .redirect(to: wish.answer(try await tokens.make(for: user)))
    }
}

/// Where a client that logs a person in by single sign-on wants its token.
struct SSOReturn {
    /// Those that browsers run, or read from the machine.
    private static let refusedSchemes: Set<String> = ["javascript", "data", "vbscript", "file", "blob", "about"]

    let uri: RedirectURI
    let wantsAccount: Bool

    init(_ request: PublicRequest) throws {
        try self.init(request.query("redirectUrl"), action: request.query("action"))
    }

    /// - Throws: a page unless it is an https address, one of this machine, or a program's own scheme.
    init(_ text: String?, action: String?) throws {
        guard let uri = text.flatMap({ RedirectURI($0) }), !Self.refusedSchemes.contains(uri.scheme),
            uri.scheme != "http" || uri.isLoopback, uri.scheme != "https" || uri.host != nil
        else { throw PageRefusal("The program that sent you here gave no address that a login may be sent to.") }
        self.uri = uri
        wantsAccount = action == "register"
    }

    /// The page that asks the person.
    var pagePath: String {
        let action = wantsAccount ? "&action=register" : ""
        return "/oauth2/sso?redirectUrl=\(PercentEncoding.encode(uri.text))\(action)"
    }

    /// The address with `token`, and no other one it may have had.
    func answer(_ token: String) -> String {
        let parts = uri.text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count > 1 ? parts[1].split(separator: "&") : []
        let kept = query.filter { !$0.hasPrefix("loginToken=") && $0 != "loginToken" }
        return "\(parts[0])?"
            + (kept.map(String.init) + ["loginToken=\(PercentEncoding.encode(token))"]).joined(separator: "&")
    }
}
