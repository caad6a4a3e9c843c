import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Sends a browser to the provider to log in there: `GET /oauth2/upstream`.
struct BeginUpstreamLogin: Endpoint {
    static let route = Route.client(.get, "/oauth2/upstream", auth: .none)

    let upstream: UpstreamLogins?
    let pages: LoginPages

    /// - Throws: a page when there is no provider, or it cannot be reached.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        guard let upstream else { throw PageRefusal.noProvider }
        let target = LoginPages.target(request.query("to"))
        let (secrets, cookie) = pages.browsers.beginUpstream()
        let state = secrets.state(to: target, at: upstream.clock.now())
        let url = try await PageRefusal.translating {
            try await upstream.client.authorizationURL(secrets, state: state)
        }
        return .redirect(to: url, headers: [cookie])
    }
}

/// Where the provider sends the browser back to: `GET /oauth2/upstream/callback`.
struct FinishUpstreamLogin: Endpoint {
    static let route = Route.client(.get, "/oauth2/upstream/callback", cost: .account, auth: .none)

    let upstream: UpstreamLogins?
    let pages: LoginPages
    let signup: UpstreamSignup

    /// - Throws: a page when this browser did not begin the login, the provider refused, or the account cannot be used.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        guard let upstream else { throw PageRefusal.noProvider }
        guard let secrets = pages.browsers.upstream(of: request),
            let target = request.query("state").flatMap({ secrets.target(of: $0, at: upstream.clock.now()) })
        else { throw PageRefusal("You did not begin here, or too long ago. Go back and try again.", status: 403) }
        guard let code = request.query("code") else {
            throw PageRefusal("\(upstream.provider.name) did not log you in.", status: 403)
        }
        let found = try await PageRefusal.translating {
            try await pages.rates.demand(.loginAddress, from: request.clientAddress)
            return try await upstream.client.identity(for: code, secrets)
        }
        guard let identity = found else {
            throw PageRefusal("\(upstream.provider.name) did not say who you are.", status: 403)
        }
        let user: UserID
        if let known = try await upstream.user(of: identity) {
            user = known
        } else {
            switch try await signup.begin(identity, upstream, request, to: target) {
            case .made(let made): user = made
            case .asked(let page): return page.httpAnswer
            }
        }
        guard let account = try await pages.accounts.fetch(user), !account.isDeactivated, !account.isLocked else {
            throw PageRefusal("This account cannot be used.", status: 403)
        }
        let cookies = [try await pages.browsers.begin(for: user), pages.browsers.endUpstream()]
        return .redirect(to: target, headers: cookies)
    }
}

/// Makes an account for somebody who chose a name: `POST /oauth2/upstream/signup`.
struct FinishUpstreamSignup: Endpoint {
    static let route = Route.client(.post, "/oauth2/upstream/signup", cost: .account, auth: .none)

    let upstream: UpstreamLogins?
    let pages: LoginPages
    let signup: UpstreamSignup

    /// - Throws: a page when the form is not what was shown.
    func respond(to request: PublicRequest) async throws -> HTTPAnswer {
        guard let upstream else { throw PageRefusal.noProvider }
        let form = try FormFields(request.rawBody)
        try pages.browsers.check(form, of: request)
        let wish = UpstreamSignup.Wish(form)
        guard upstream.isProof(form["proof"] ?? "", of: wish.subject) else {
            throw PageRefusal("That took too long. Go back and log in again.", status: 403)
        }
        do {
            let user = try await signup.make(wish, upstream, from: request.clientAddress)
            return .redirect(to: wish.target, headers: [try await pages.browsers.begin(for: user)])
        } catch let error as MatrixError where error.status < 500 {
            return signup.page(wish, upstream, request, problem: error.message ?? "That did not work.").httpAnswer
        }
    }
}
