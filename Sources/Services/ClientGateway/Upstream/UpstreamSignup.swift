import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage

/// Accounts for people who come from the provider for the first time.
struct UpstreamSignup: Sendable {
    enum Outcome: Sendable {
        case made(UserID)
        /// The person has to choose a name, or agree to something.
        case asked(HTMLPage)
    }

    /// What the page of a new person is about.
    struct Wish: Sendable {
        let subject: String
        let target: String
        var name: String
        let agrees: Bool

        init(subject: String, target: String, name: String) {
            self.subject = subject
            self.target = target
            self.name = name
            agrees = false
        }

        init(_ form: FormFields) {
            subject = form["subject"] ?? ""
            target = LoginPages.target(form["to"])
            name = form["name"] ?? ""
            agrees = form["terms"] != nil
        }
    }

    let pages: LoginPages

    /// Makes the account at once when the provider's name for the person will do, else asks.
    ///
    /// - Throws: a page when nobody gets an account this way.
    func begin(
        _ identity: UpstreamIdentity, _ upstream: UpstreamLogins, _ request: PublicRequest, to target: String
    ) async throws -> Outcome {
        guard upstream.provider.makesAccounts else {
            throw PageRefusal("You have no account here, and none is made by itself.", status: 403)
        }
        let wish = Wish(subject: identity.subject, target: target, name: identity.username ?? "")
        guard identity.username != nil, pages.registration.terms == nil else {
            return .asked(page(wish, upstream, request, problem: nil))
        }
        do {
            return .made(try await make(wish, upstream, from: request.clientAddress))
        } catch let error as MatrixError where error.status < 500 {
            return .asked(page(wish, upstream, request, problem: error.message))
        }
    }

    /// - Throws: `M_INVALID_PARAM` without agreement to the terms, `M_INVALID_USERNAME`, `M_USER_IN_USE`,
    ///   `M_LIMIT_EXCEEDED`.
    func make(_ wish: Wish, _ upstream: UpstreamLogins, from address: String?) async throws -> UserID {
        guard pages.registration.terms == nil || wish.agrees else { throw LoginPages.disagreement }
        let user = try await pages.newUser(wish.name, from: address)
        let link = UpstreamLink(issuer: upstream.provider.issuer, subject: wish.subject)
        _ = try await pages.maker.make(
            user, password: nil, isAdmin: false, token: nil, upstream: link, wish: AccountWish.withoutLogin())
        // Of two at once, the first one's account is the person's.
        return try await upstream.identities.user(with: wish.subject, of: upstream.provider.issuer) ?? user
    }

    func page(_ wish: Wish, _ upstream: UpstreamLogins, _ request: PublicRequest, problem: String?) -> HTMLPage {
        let tie = pages.browsers.formTie(request)
        return HTMLPage(
            status: problem == nil ? 200 : 400, title: "Make an account on \(pages.server)",
            body: """
                \(HTML.problem(problem))
                <p>You are logged in to \(HTML.escaped(upstream.provider.name)) and have no account here yet.</p>
                <form method="post" action="\(UpstreamLogins.signupPath)">
                \(tie.field)\(HTML.hidden("to", wish.target))\(HTML.hidden("subject", wish.subject))
                \(HTML.hidden("proof", upstream.proof(of: wish.subject)))
                \(HTML.nameField(wish.name))
                \(pages.termsField)
                <button type="submit">Make the account</button>
                </form>
                """, headers: tie.cookies)
    }
}
