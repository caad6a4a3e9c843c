import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Where a person types the code that a device shows: `GET /oauth2/link` (spec v1.19, "Device authorisation grant").
struct ShowDeviceLink: Endpoint {
    static let route = Route.client(.get, "/oauth2/link", auth: .none)

    let server: OAuthServer
    let pages: LoginPages

    func respond(to request: PublicRequest) async throws -> HTMLPage {
        let code = request.query("user_code") ?? ""
        guard let user = try await pages.browsers.user(of: request) else {
            return pages.login(request, to: "/oauth2/link?user_code=\(PercentEncoding.encode(code))")
        }
        guard !code.isEmpty else { return ask(problem: nil) }
        let plain = UserCode.plain(code)
        let wanted: OAuthDeviceRequest?
        do {
            wanted = try await pages.rates.guess(.loginFailedAttempts, about: UserCode.guesses(by: user)) {
                try await server.deviceRequests.request(with: plain, at: server.clock.now())
            }
        } catch let error as MatrixError where error.status == 429 {
            return ask(problem: LoginPages.tooOften)
        }
        guard let wanted else { return ask(problem: "There is no such code, or it has expired.") }
        return ConsentPage(
            client: try await server.client(wanted.client), user: user, device: wanted.device, action: "/oauth2/link",
            fields: HTML.hidden("user_code", plain), tie: pages.browsers.formTie(request), formTargets: []
        ).page
    }

    private func ask(problem: String?) -> HTMLPage {
        HTMLPage(
            status: problem == nil ? 200 : 404, title: "Log a device in",
            body: """
                \(HTML.problem(problem))
                <form method="get" action="/oauth2/link">
                <label for="user_code">The code that the device shows</label>
                <input type="text" id="user_code" name="user_code" autocomplete="off" autocapitalize="characters" required>
                <button type="submit">Go on</button>
                </form>
                """)
    }
}

/// What the person decided: `POST /oauth2/link`.
struct DecideDeviceLink: Endpoint {
    static let route = Route.client(.post, "/oauth2/link", auth: .none)

    let server: OAuthServer
    let pages: LoginPages

    /// - Throws: a page when the form is not what was shown.
    func respond(to request: PublicRequest) async throws -> HTMLPage {
        let form = try FormFields(request.rawBody)
        try pages.browsers.check(form, of: request)
        guard let user = try await pages.browsers.user(of: request) else {
            return pages.login(request, to: "/oauth2/link")
        }
        let isAllowed = form["decision"] == "allow"
        let userCode = UserCode.plain(form["user_code"] ?? "")
        let decided: Bool?
        do {
            decided = try await pages.rates.guess(.loginFailedAttempts, about: UserCode.guesses(by: user)) {
                try await server.deviceRequests.decide(
                    userCode, isAllowed: isAllowed, by: user, at: server.clock.now()) ? true : nil
            }
        } catch let error as MatrixError where error.status == 429 {
            return Self.refusal(LoginPages.tooOften)
        }
        guard decided != nil else { return Self.refusal("It was used, or has expired. Begin again on the device.") }
        return HTMLPage(
            title: isAllowed ? "The device is allowed" : "The device is not allowed",
            body: "<p>You can close this page and go on with the device.</p>")
    }

    private static func refusal(_ problem: String) -> HTMLPage {
        HTMLPage(status: 404, title: "This code does not work", body: HTML.problem(problem))
    }
}

/// The code a person types, however they type it.
enum UserCode {
    static func plain(_ text: String) -> String {
        String(decoding: text.uppercased().utf8.filter { (0x41...0x5A).contains($0) }.prefix(32), as: UTF8.self)
    }

    /// What wrong codes are counted by: codes are short, and who is logged in could try many (RFC 8628, section 5.1).
    static func guesses(by user: UserID) -> String { "device code by \(user)" }
}
