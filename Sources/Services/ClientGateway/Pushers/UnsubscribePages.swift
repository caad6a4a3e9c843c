import HTTPServer
import MatrixHTTP
import Storage
import WorkerContracts

// The link of a mail leads to a page with a button, for programs that look at mails follow links. Mail programs with a button
// of their own press it with a POST to the same address (RFC 8058).

/// The page where mails about new messages are ended: `GET /_matrix/client/unstable/apus/email/unsubscribe`.
struct ShowUnsubscribePage: Endpoint {
    static let route = Route.client(.get, UnsubscribeLinks.path, auth: .none)

    let links: UnsubscribeLinks

    func respond(to request: PublicRequest) async throws -> HTMLPage {
        let (pusher, code) = (request.query("pusher"), request.query("code"))
        guard let known = links.pusher(pusher, code: code) else { return UnsubscribePage.unknown }
        return HTMLPage(
            title: "Mails about new messages",
            body: """
                <p>You get mails about what you have not read. They end when you press the button; in the settings of your
                Matrix client you can ask for them again.</p>
                <form method="post" action="\(HTML.escaped(links.pathAndQuery(for: known)))">
                <button type="submit">No more of these mails</button>
                </form>
                """)
    }
}

/// Its button, and that of mail programs: `POST /_matrix/client/unstable/apus/email/unsubscribe`.
struct Unsubscribe: Endpoint {
    static let route = Route.client(.post, UnsubscribeLinks.path, auth: .none)

    let links: UnsubscribeLinks
    let pushers: PusherStore

    func respond(to request: PublicRequest) async throws -> HTMLPage {
        guard let pusher = links.pusher(request.query("pusher"), code: request.query("code")) else {
            return UnsubscribePage.unknown
        }
        try await pushers.removeMails(pusher)
        return HTMLPage(title: "You get no more of these mails", body: "<p>You can close this page.</p>")
    }
}

private enum UnsubscribePage {
    static let unknown = HTMLPage(
        status: 400, title: "This link does not work",
        body: HTML.problem("It is not whole: open it as it is in the mail."))
}
