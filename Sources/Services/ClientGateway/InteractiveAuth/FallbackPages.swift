import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

// A client that does not know a stage opens its page in a browser (spec v1.19, "Fallback"). Whoever is to show that they are
// the user logs in on the page and confirms; what was proven is checked against the operation's user when it takes place,
// because the session does not say whose it is.

/// The page on which a person completes a stage: `GET /_matrix/client/v3/auth/{authType}/fallback/web`.
struct ShowFallback: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/auth/{authType}/fallback/web", auth: .none)

    let fallback: FallbackStage

    /// - Throws: a page for a stage that has none, and for a session that is unknown or has ended.
    func respond(to request: PublicRequest) async throws -> HTMLPage {
        let stage = try fallback.stage(request)
        let session = try fallback.session(request.query("session"))
        return try await fallback.page(stage, session, request, problem: nil)
    }
}

/// What the person did there: `POST /_matrix/client/v3/auth/{authType}/fallback/web`.
struct CompleteFallback: Endpoint {
    static let route = Route.client(
        .post, "/_matrix/client/v3/auth/{authType}/fallback/web", cost: .account, auth: .none)

    let fallback: FallbackStage

    /// - Throws: a page when the form is not what was shown.
    func respond(to request: PublicRequest) async throws -> HTMLPage {
        let stage = try fallback.stage(request)
        let form = try FormFields(request.rawBody)
        try fallback.pages.browsers.check(form, of: request)
        let session = try fallback.session(form["session"])
        do {
            guard let proof = try await fallback.proof(stage, form, request) else {
                return try await fallback.page(stage, session, request, problem: "That is not right.")
            }
            try await fallback.auth.keep(proof, of: stage, in: session)
        } catch let error as MatrixError where error.status == 429 {
            return try await fallback.page(stage, session, request, problem: LoginPages.tooOften)
        }
        return FallbackStage.done
    }
}

/// What both do.
struct FallbackStage: Sendable {
    let auth: InteractiveAuth
    let pages: LoginPages

    /// - Throws: a page for a stage that has none.
    func stage(_ request: PublicRequest) throws -> AuthStage {
        switch AuthStage(rawValue: try request.path("authType")) {
        case let stage? where stage != .email && stage != .oauth: return stage
        case .some, nil: throw PageRefusal("There is no page for this.", status: 404)
        }
    }

    /// - Throws: a page unless the session was begun here and has not ended.
    func session(_ text: String?) throws -> String {
        guard let text, auth.sessions.isValid(text, at: auth.clock.now()) else {
            throw PageRefusal("Begin again in the program that sent you here.")
        }
        return text
    }

    /// What a person sees; first of all the page to log in, when it is them that have to be shown.
    func page(
        _ stage: AuthStage, _ session: String, _ request: PublicRequest, problem: String?
    ) async throws -> HTMLPage {
        let path = "/_matrix/client/v3/auth/\(stage.rawValue)/fallback/web"
        let user = try await pages.browsers.user(of: request)
        if stage.showsUser, user == nil {
            return pages.login(request, to: "\(path)?session=\(PercentEncoding.encode(session))")
        }
        let tie = pages.browsers.formTie(request)
        return HTMLPage(
            status: problem == nil ? 200 : 403, title: "Confirm",
            body: """
                \(HTML.problem(problem))
                \(text(stage, user))
                <form method="post" action="\(path)">\(tie.field)\(HTML.hidden("session", session))
                \(stage == .registrationToken ? Self.tokenField : "")
                <button type="submit">Confirm</button></form>
                """, headers: tie.cookies)
    }

    /// What the person has shown; `nil` when it is not right.
    func proof(_ stage: AuthStage, _ form: FormFields, _ request: PublicRequest) async throws -> JSONValue? {
        switch stage {
        case .dummy, .terms: return true
        case .password, .sso:
            return try await pages.browsers.user(of: request).map { ["user": .string($0.rawValue)] }
        case .registrationToken:
            return try await auth.checks.registrationToken(form["token"] ?? "", from: request.clientAddress)
        case .email, .oauth: return nil
        }
    }

    private func text(_ stage: AuthStage, _ user: UserID?) -> String {
        switch stage {
        case .password, .sso:
            """
            <p>A program wants to change something about your account
            <strong>\(HTML.escaped(user?.rawValue ?? ""))</strong> that has to be confirmed, as ending a device or the
            account. If you did not expect this, do not confirm it: somebody else may be using your account.</p>
            """
        case .terms:
            auth.terms.map { terms in
                """
                <p>To go on you agree to the <a href="\(HTML.escaped(terms.url))" rel="noreferrer">\
                \(HTML.escaped(terms.name))</a>.</p>
                """
            } ?? ""
        case .registrationToken: "<p>An account needs a registration token.</p>"
        case .dummy, .email, .oauth: ""
        }
    }

    private static let tokenField = """
        <label for="token">Registration token</label>
        <input type="text" id="token" name="token" autocomplete="off" required>
        """

    /// Tells the program that opened the page, in the words of the specification.
    static let done = HTMLPage(
        title: "Done", body: "<p>You can close this page and go on where you came from.</p>",
        script: """
            if (window.onAuthDone) { window.onAuthDone(); }
            else if (window.opener && window.opener.postMessage) { window.opener.postMessage("authDone", "*"); }
            """)
}
