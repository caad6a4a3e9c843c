import HTTPServer
import MatrixHTTP
import Storage

// The link in a mail leads to a page with a button: programs that look at mails on their way follow links, and must not
// confirm an address by that.

/// The page a mail leads to: `GET /_matrix/client/unstable/apus/email/validate`.
struct ShowEmailPage: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/unstable/apus/email/validate", auth: .none)

    /// - Throws: `M_MISSING_PARAM` when it was not reached by the link.
    func respond(to request: PublicRequest) async throws -> HTMLPage {
        let fields = try ["sid", "client_secret", "token"].map { name in
            guard let value = request.query(name) else { throw MatrixError.missingParam("'\(name)' is missing.") }
            return HTML.hidden(name, value)
        }
        return HTMLPage(
            title: "Confirm your email address",
            body: """
                <p>Confirm that this address is yours, and go on where you came from. Do it only if you asked for the mail
                yourself just now: whoever asked for it can go on in your name.</p>
                <form method="post" action="\(EmailValidator.pagePath)">
                \(fields.joined(separator: "\n"))
                <button type="submit">Confirm</button>
                </form>
                """)
    }
}

/// The button of that page: `POST /_matrix/client/unstable/apus/email/validate`.
struct ConfirmEmail: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/unstable/apus/email/validate", auth: .none)

    let validator: EmailValidator

    /// - Throws: `M_MISSING_PARAM`, `M_INVALID_PARAM` for what is not the page's form.
    func respond(to request: PublicRequest) async throws -> HTMLPage {
        let form = try FormFields(request.rawBody)
        guard let session = form["sid"], let secret = form["client_secret"], let token = form["token"] else {
            throw MatrixError.missingParam("The form is not complete.")
        }
        switch try await validator.validate(session, clientSecret: secret, token: token) {
        case .unknown:
            return HTMLPage(
                status: 400, title: "This link does not work",
                body: HTML.problem("It was used for another mail since, or has expired. Ask for a new mail."))
        case .validated(let nextLink):
            // A link and no redirect: who asked for the mail chose where it leads.
            let next = nextLink.map { "<p><a href=\"\(HTML.escaped($0))\" rel=\"noreferrer\">Continue</a></p>" } ?? ""
            return HTMLPage(
                title: "Your address is confirmed",
                body: "<p>You can close this page and go on where you came from.</p>\(next)")
        }
    }
}
