import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// What the forms of the account page share: who sent them.
struct AccountForms: Sendable {
    let pages: LoginPages

    /// The form and whose it is; `nil` when nobody is logged in.
    ///
    /// - Throws: a page when the form was not shown to this browser.
    func read(_ request: PublicRequest) async throws -> (form: FormFields, user: UserID)? {
        let form = try FormFields(request.rawBody)
        try pages.browsers.check(form, of: request)
        return try await pages.browsers.user(of: request).map { (form, $0) }
    }

    func login(_ request: PublicRequest) -> HTMLPage { pages.login(request, to: AccountAction.path) }

    /// Whether there is a password to ask for; who comes from the identity provider has none.
    func hasPassword(_ user: UserID) async throws -> Bool {
        try await pages.accounts.fetch(user)?.passwordHash != nil
    }

    /// What a person is told when `password` is not the user's, or was guessed at too often; `nil` when it is, or when
    /// they have none.
    func problem(with password: String?, of user: UserID) async throws -> String? {
        guard try await hasPassword(user) else { return nil }
        do {
            let account = try await pages.check.account(of: .name(user.rawValue), password: password ?? "")
            return account?.user == user ? nil : "The password is wrong."
        } catch let error as MatrixError where error.status == 429 {
            return LoginPages.tooOften
        }
    }
}

/// Changes how others see one: `POST /oauth2/account/profile`.
struct SaveProfileForm: Endpoint {
    static let route = Route.client(.post, "/oauth2/account/profile", cost: .write, auth: .none)

    let forms: AccountForms
    let setter: ProfileSetter

    func respond(to request: PublicRequest) async throws -> HTMLPage {
        guard let (form, user) = try await forms.read(request) else { return forms.login(request) }
        guard let account = try await forms.pages.accounts.fetch(user), !account.isSuspended else {
            return AccountPageParts.problem("Your account is suspended.")
        }
        do {
            let key = try ProfileKey("displayname")
            let value = try key.value(in: ["displayname": .string(form["displayname"] ?? "")])
            try await setter.set(key, to: value, of: user)
        } catch let error as MatrixError where error.status < 500 {
            return AccountPageParts.problem(error.message ?? "This name cannot be taken.")
        }
        return AccountPageParts.done("Saved", "Others see the new name.")
    }
}

/// Logs a device out: `POST /oauth2/account/device`.
struct DeleteDeviceForm: Endpoint {
    static let route = Route.client(.post, "/oauth2/account/device", auth: .none)

    let forms: AccountForms
    let removal: DeviceRemoval

    func respond(to request: PublicRequest) async throws -> HTMLPage {
        guard let (form, user) = try await forms.read(request) else { return forms.login(request) }
        guard let device = form["device_id"].flatMap({ DeviceID($0) }) else {
            return AccountPageParts.problem("This is not the ID of a device.")
        }
        try await removal.remove([device], of: user)
        return AccountPageParts.done("Logged out", "The device is logged out.")
    }
}

/// Changes the password: `POST /oauth2/account/password`.
struct ChangePasswordForm: Endpoint {
    static let route = Route.client(.post, "/oauth2/account/password", cost: .account, auth: .none)

    let forms: AccountForms
    let passwords: Passwords
    let removal: DeviceRemoval

    func respond(to request: PublicRequest) async throws -> HTMLPage {
        guard let (form, user) = try await forms.read(request) else { return forms.login(request) }
        guard try await forms.hasPassword(user) else {
            return AccountPageParts.problem("Your account has no password.")
        }
        let new = form["new"] ?? ""
        do {
            try PasswordRules.check(new)
        } catch let error as MatrixError {
            return AccountPageParts.problem(error.message ?? "This cannot be a password.")
        }
        if let problem = try await forms.problem(with: form["old"], of: user) {
            return AccountPageParts.problem(problem)
        }
        try await forms.pages.accounts.setPasswordHash(try await passwords.hash(new), of: user)
        try await removal.removeAll(of: user, except: nil, andBrowser: forms.pages.browsers.tokenHash(of: request))
        return AccountPageParts.done("Changed", "The new password holds, and all devices are logged out.")
    }
}

/// Ends the account: `POST /oauth2/account/deactivate`.
struct DeactivateForm: Endpoint {
    static let route = Route.client(.post, "/oauth2/account/deactivate", cost: .account, auth: .none)

    let forms: AccountForms
    let removal: DeviceRemoval
    let clock: WallClock

    func respond(to request: PublicRequest) async throws -> HTMLPage {
        guard let (form, user) = try await forms.read(request) else { return forms.login(request) }
        if let problem = try await forms.problem(with: form["password"], of: user) {
            return AccountPageParts.deactivation(
                user, forms.pages.browsers.formTie(request), hasPassword: true, problem: problem)
        }
        _ = try await forms.pages.accounts.deactivate(user, erase: form["erase"] != nil, at: clock.now())
        try await removal.removeAll(of: user, except: nil, isForGood: true)
        return HTMLPage(title: "The account has ended", body: "<p>It leaves its rooms now.</p>")
    }
}

/// Allows a new cryptographic identity: `POST /oauth2/account/reset` (spec v1.19, "OAuth authentication").
struct AllowResetForm: Endpoint {
    static let route = Route.client(.post, "/oauth2/account/reset", auth: .none)

    let forms: AccountForms
    let auth: InteractiveAuth

    func respond(to request: PublicRequest) async throws -> HTMLPage {
        guard let (form, user) = try await forms.read(request) else { return forms.login(request) }
        let session = form["session"] ?? ""
        guard auth.sessions.isValid(session, for: AuthOperation.crossSigningReset(of: user).name, at: auth.clock.now())
        else { return AccountPageParts.problem("Begin again in the program that sent you here.") }
        try await auth.keep(true, of: .oauth, in: session)
        return HTMLPage(title: "Allowed", body: "<p>Close this page and go on in the program that sent you here.</p>")
    }
}
