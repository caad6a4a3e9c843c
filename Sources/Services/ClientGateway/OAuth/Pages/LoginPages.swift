import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Logging in to the pages, and making an account on them.
struct LoginPages: Sendable {
    static let loginPath = "/oauth2/login"
    static let registerPath = "/oauth2/signup"
    private static let targetPrefixes = ["/oauth2/", "/_matrix/client/v3/auth/"]
    static let tooOften = "That was tried too often. Wait a while and try again."

    let browsers: BrowserSessions
    let server: ServerName
    let registration: RegistrationPolicy
    let check: PasswordCheck
    let accounts: AccountStore
    let maker: AccountMaker
    let rates: RateLimits
    let provider: UpstreamProvider?

    /// The page that asks who somebody is before they go on to `target`.
    func login(_ request: PublicRequest, to target: String, name: String = "", problem: String? = nil) -> HTMLPage {
        let tie = browsers.formTie(request)
        let create =
            registration.takesForms
            ? "<p><a href=\"\(Self.registerPath)?to=\(PercentEncoding.encode(target))\">Make an account</a></p>" : ""
        let upstream =
            provider.map { provider in
                """
                <p><a href="\(UpstreamLogins.beginPath)?to=\(PercentEncoding.encode(target))">\
                Log in with \(HTML.escaped(provider.name))</a></p>
                """
            } ?? ""
        return HTMLPage(
            status: problem == nil ? 200 : 403, title: "Log in to \(server)",
            body: """
                \(HTML.problem(problem))
                <form method="post" action="\(Self.loginPath)">
                \(tie.field)\(HTML.hidden("to", target))
                \(HTML.nameField(name))
                <label for="password">Password</label>
                <input type="password" id="password" name="password" autocomplete="current-password" required>
                <button type="submit">Log in</button>
                </form>
                \(upstream)
                \(create)
                """, headers: tie.cookies)
    }

    /// The page that makes an account.
    func register(_ request: PublicRequest, to target: String, name: String = "", problem: String? = nil) -> HTMLPage {
        let tie = browsers.formTie(request)
        return HTMLPage(
            status: problem == nil ? 200 : 400, title: "Make an account on \(server)",
            body: """
                \(HTML.problem(problem))
                <form method="post" action="\(Self.registerPath)">
                \(tie.field)\(HTML.hidden("to", target))
                \(HTML.nameField(name))
                <label for="password">Password</label>
                <input type="password" id="password" name="password" autocomplete="new-password" required>
                <label for="again">Password, again</label>
                <input type="password" id="again" name="again" autocomplete="new-password" required>
                \(termsField)
                <button type="submit">Make the account</button>
                </form>
                <p><a href="\(Self.loginPath)?to=\(PercentEncoding.encode(target))">I have an account</a></p>
                """, headers: tie.cookies)
    }

    /// The field by which somebody who makes an account agrees to the terms, if there are any.
    var termsField: String {
        registration.terms.map { terms in
            """
            <p><input type="checkbox" id="terms" name="terms" value="yes" required>
            <label for="terms" style="display:inline">I agree to the <a href="\(HTML.escaped(terms.url))"
             rel="noreferrer">\(HTML.escaped(terms.name))</a></label></p>
            """
        } ?? ""
    }

    static var disagreement: MatrixError { MatrixError.invalidParam("You have to agree to the terms.") }

    /// The free name of a new account that somebody at `address` makes.
    ///
    /// - Throws: `M_INVALID_USERNAME`, `M_USER_IN_USE`, `M_LIMIT_EXCEEDED`.
    func newUser(_ name: String, from address: String?) async throws -> UserID {
        let user = try Username.newUser(name, on: server)
        guard try await accounts.fetch(user) == nil else { throw MatrixError.userInUse("This user name is taken.") }
        try await rates.demand(.registration, from: address)
        return user
    }

    /// Where a form leads on to: a page of these and no other site.
    static func target(_ text: String?) -> String {
        guard let text, targetPrefixes.contains(where: text.hasPrefix), text.utf8.count <= 8_192,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return AccountAction.path }
        return text
    }
}

/// Shows the page to log in: `GET /oauth2/login`.
struct ShowLoginPage: Endpoint {
    static let route = Route.client(.get, "/oauth2/login", auth: .none)

    let pages: LoginPages

    func respond(to request: PublicRequest) async throws -> HTMLPage {
        pages.login(request, to: LoginPages.target(request.query("to")))
    }
}

/// Logs a browser in: `POST /oauth2/login`.
struct LogInBrowser: Endpoint {
    static let route = Route.client(.post, "/oauth2/login", cost: .account, auth: .none)

    let pages: LoginPages

    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        let form = try FormFields(request.rawBody)
        try pages.browsers.check(form, of: request)
        let target = LoginPages.target(form["to"])
        let name = form["name"] ?? ""
        let identity = EmailAddress(name).map(LoginIdentity.email) ?? .name(name)
        do {
            try await pages.rates.demand(.loginAddress, from: request.clientAddress)
            guard
                let account = try await pages.check.account(of: identity, password: form["password"] ?? ""),
                !account.isDeactivated, !account.isLocked
            else {
                let problem = "The user name or the password is wrong."
                return pages.login(request, to: target, name: name, problem: problem).httpAnswer
            }
            try await pages.rates.demand(.loginAccount, of: account.user.rawValue)
            return .redirect(to: target, headers: [try await pages.browsers.begin(for: account.user)])
        } catch let error as MatrixError where error.status == 429 {
            return pages.login(request, to: target, name: name, problem: LoginPages.tooOften).httpAnswer
        }
    }
}

/// Logs a browser out: `POST /oauth2/logout`.
struct LogOutBrowser: Endpoint {
    static let route = Route.client(.post, "/oauth2/logout", auth: .none)

    let pages: LoginPages

    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        let form = try FormFields(request.rawBody)
        try pages.browsers.check(form, of: request)
        return .redirect(to: LoginPages.loginPath, headers: [try await pages.browsers.end(request)])
    }
}

/// Shows the page to make an account: `GET /oauth2/signup`.
struct ShowRegistrationPage: Endpoint {
    static let route = Route.client(.get, "/oauth2/signup", auth: .none)

    let pages: LoginPages

    /// - Throws: `M_FORBIDDEN` when accounts are not made this way.
    func respond(to request: PublicRequest) async throws -> HTMLPage {
        guard pages.registration.takesForms else { throw MatrixError.forbidden("Registration is closed here.") }
        return pages.register(request, to: LoginPages.target(request.query("to")))
    }
}

/// Makes an account and logs the browser in: `POST /oauth2/signup`.
struct RegisterInBrowser: Endpoint {
    static let route = Route.client(.post, "/oauth2/signup", cost: .account, auth: .none)

    let pages: LoginPages

    /// - Throws: `M_FORBIDDEN` when accounts are not made this way.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        guard pages.registration.takesForms else { throw MatrixError.forbidden("Registration is closed here.") }
        let form = try FormFields(request.rawBody)
        try pages.browsers.check(form, of: request)
        let target = LoginPages.target(form["to"])
        let name = form["name"] ?? ""
        do {
            let user = try await make(form, name, from: request.clientAddress)
            return .redirect(to: target, headers: [try await pages.browsers.begin(for: user)])
        } catch let error as MatrixError where error.status < 500 {
            let problem = error.message ?? "That did not work."
            return pages.register(request, to: target, name: name, problem: problem).httpAnswer
        }
    }

    private func make(_ form: FormFields, _ name: String, from address: String?) async throws -> UserID {
        let password = form["password"] ?? ""
        try PasswordRules.check(password)
        guard password.utf8.elementsEqual((form["again"] ?? "").utf8) else {
            throw MatrixError.invalidParam("The two passwords differ.")
        }
        guard pages.registration.terms == nil || form["terms"] != nil else { throw LoginPages.disagreement }
        let user = try await pages.newUser(name, from: address)
        _ = try await pages.maker.make(
            user, password: password, isAdmin: false, token: nil, wish: AccountWish.withoutLogin())
        return user
    }
}
