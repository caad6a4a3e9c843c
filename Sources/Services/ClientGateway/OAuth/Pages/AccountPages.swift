import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Where people look after their accounts: `GET /oauth2/account` (spec v1.19, "Account management").
struct ShowAccountPage: Endpoint {
    static let route = Route.client(.get, "/oauth2/account", auth: .none)

    let forms: AccountForms
    let devices: DeviceStore
    let profiles: ProfileStore

    func respond(to request: PublicRequest) async throws -> HTMLPage {
        let pages = forms.pages
        guard let user = try await pages.browsers.user(of: request) else {
            return pages.login(request, to: LoginPages.target(request.raw.target))
        }
        let tie = pages.browsers.formTie(request)
        let device = request.query("device_id").flatMap { DeviceID($0) }
        let action = request.query("action").flatMap { AccountAction(asked: $0) }
        switch action {
        case .deviceView, .deviceDelete: return try await devicePage(device, of: user, tie)
        case .deactivate:
            return AccountPageParts.deactivation(
                user, tie, hasPassword: try await forms.hasPassword(user), problem: nil)
        case .crossSigningReset: return resetPage(user, request.query("session") ?? "", tie)
        case .profile, .devices, nil: return try await overview(user, tie)
        }
    }

    private func overview(_ user: UserID, _ tie: FormTie) async throws -> HTMLPage {
        let name = try await profiles.fetch(user)?["displayname"]?.stringValue ?? ""
        let rows = try await devices.list(of: user).map { device in
            """
            <tr><td><a href="\(AccountAction.path)?action=org.matrix.device_view&amp;device_id=\
            \(PercentEncoding.encode(device.id.rawValue))">\(HTML.escaped(device.displayName ?? device.id.rawValue))</a>
            </td><td>\(HTML.escaped(device.id.rawValue))</td></tr>
            """
        }
        return HTMLPage(
            title: "Your account",
            body: """
                <p>You are <strong>\(HTML.escaped(user.rawValue))</strong>.</p>
                <h2>Name</h2>
                <form method="post" action="\(AccountAction.path)/profile">\(tie.field)
                <label for="displayname">How others see you</label>
                <input type="text" id="displayname" name="displayname" value="\(HTML.escaped(name))">
                <button type="submit">Save</button></form>
                <h2>Devices</h2>
                <table><thead><tr><th scope="col">Device</th><th scope="col">ID</th></tr></thead>
                <tbody>\(rows.joined(separator: "\n"))</tbody></table>
                \(try await forms.hasPassword(user) ? passwordForm(tie) : "")
                <h2>Leaving</h2>
                <form method="post" action="/oauth2/logout">\(tie.field)
                <button type="submit">Log out of this page</button></form>
                <p><a href="\(AccountAction.path)?action=org.matrix.account_deactivate">End this account</a></p>
                """, headers: tie.cookies)
    }

    private func passwordForm(_ tie: FormTie) -> String {
        """
        <h2>Password</h2>
        <form method="post" action="\(AccountAction.path)/password">\(tie.field)
        <label for="old">The password now</label>
        <input type="password" id="old" name="old" autocomplete="current-password" required>
        <label for="new">The new password</label>
        <input type="password" id="new" name="new" autocomplete="new-password" required>
        <button type="submit">Change it and log other devices out</button></form>
        """
    }

    private func devicePage(_ id: DeviceID?, of user: UserID, _ tie: FormTie) async throws -> HTMLPage {
        guard let id, let device = try await devices.fetch(id, of: user) else {
            return HTMLPage(
                status: 404, title: "No such device",
                body: "\(HTML.problem("You have no such device."))\(AccountPageParts.back)", headers: tie.cookies)
        }
        let address = device.lastSeenIP.map { "<p>Last seen from \(HTML.escaped($0)).</p>" } ?? ""
        return HTMLPage(
            title: device.displayName ?? id.rawValue,
            body: """
                <p>Device <strong>\(HTML.escaped(id.rawValue))</strong></p>\(address)
                <form method="post" action="\(AccountAction.path)/device">\(tie.field)
                \(HTML.hidden("device_id", id.rawValue))
                <button type="submit">Log this device out</button></form>
                \(AccountPageParts.back)
                """, headers: tie.cookies)
    }

    private func resetPage(_ user: UserID, _ session: String, _ tie: FormTie) -> HTMLPage {
        HTMLPage(
            title: "Reset your identity?",
            body: """
                <p>A program wants to give <strong>\(HTML.escaped(user.rawValue))</strong> a new cryptographic identity.
                Your devices and the people you talk to will have to be verified again.</p>
                <form method="post" action="\(AccountAction.path)/reset">\(tie.field)
                \(HTML.hidden("session", session))
                <button type="submit">Allow it</button></form>
                \(AccountPageParts.back)
                """, headers: tie.cookies)
    }
}

/// What several account pages have.
enum AccountPageParts {
    static let back = "<p><a href=\"\(AccountAction.path)\">Your account</a></p>"

    static func done(_ title: String, _ text: String) -> HTMLPage {
        HTMLPage(title: title, body: "<p role=\"status\">\(HTML.escaped(text))</p>\(back)")
    }

    static func problem(_ text: String) -> HTMLPage {
        HTMLPage(status: 400, title: "That did not work", body: "\(HTML.problem(text))\(back)")
    }

    static func deactivation(_ user: UserID, _ tie: FormTie, hasPassword: Bool, problem: String?) -> HTMLPage {
        let password = """
            <label for="password">Your password</label>
            <input type="password" id="password" name="password" autocomplete="current-password" required>
            """
        return HTMLPage(
            status: problem == nil ? 200 : 403, title: "End this account?",
            body: """
                \(HTML.problem(problem))
                <p><strong>\(HTML.escaped(user.rawValue))</strong> will leave all its rooms, and nobody will have this
                name again. This cannot be taken back.</p>
                <form method="post" action="\(AccountAction.path)/deactivate">\(tie.field)
                \(hasPassword ? password : "")
                <p><input type="checkbox" id="erase" name="erase" value="yes">
                <label for="erase" style="display:inline">Remove what I stored here as well</label></p>
                <button type="submit">End the account for good</button></form>
                \(back)
                """, headers: tie.cookies)
    }
}
