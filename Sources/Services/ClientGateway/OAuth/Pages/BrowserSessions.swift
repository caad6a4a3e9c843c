import Crypto
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

// Two cookies: one says who is logged in, the other, which every page gives, is what forms are tied to. A form carries a
// keyed hash of both: a page of somebody else's can make a browser send a form here, with its cookies, but cannot know the
// hash, not even of a cookie that it planted itself: the other is missing, or is of who was logged in when the form was
// shown. Both are kept from scripts and from requests that other sites cause, and, on encrypted connections, are of a name
// that browsers take from this host alone.

/// Who is logged in to the pages, and whether a form came from one of them.
struct BrowserSessions: Sendable {
    /// How long somebody stays logged in.
    static let life = Duration.seconds(8 * 3_600)
    private static let sessionCookie = "apus_session"
    private static let formCookie = "apus_form"
    private static let upstreamCookie = "apus_upstream"
    private static let tokenLength = 40
    /// No cookie of ours is longer.
    private static let cookieBytesMax = 128

    let store: AccountTokenStore
    let secret: [UInt8]
    /// Cookies go over encrypted connections only.
    let isSecure: Bool
    let clock: WallClock

    /// Who is logged in.
    func user(of request: PublicRequest) async throws -> UserID? {
        guard let hash = tokenHash(of: request) else { return nil }
        return try await store.user(with: hash, at: clock.now())
    }

    /// Logs `user` in: the cookie to set.
    func begin(for user: UserID) async throws -> (name: String, value: String) {
        let token = SecureRandom.text(Self.tokenLength, of: SecureRandom.letters)
        let now = clock.now()
        try await store.insert(OAuthServer.hash(token), for: user, at: now, expiresAt: now.advanced(by: Self.life))
        return cookie(Self.sessionCookie, token, life: Self.life)
    }

    /// Logs out: the cookie to set.
    func end(_ request: PublicRequest) async throws -> (name: String, value: String) {
        if let hash = tokenHash(of: request) { try await store.delete(hash) }
        return cookie(Self.sessionCookie, "", life: .zero)
    }

    /// The hash of the token of the browser that sent `request`, to be kept when all else of a user's ends.
    func tokenHash(of request: PublicRequest) -> [UInt8]? {
        cookie(Self.sessionCookie, of: request).map { OAuthServer.hash($0) }
    }

    /// What ties a form to the browser that is shown it.
    func formTie(_ request: PublicRequest) -> FormTie {
        if let known = cookie(Self.formCookie, of: request), known.utf8.count == Self.tokenLength {
            return FormTie(field: HTML.hidden("form_token", tie(known, request)), cookies: [])
        }
        let fresh = SecureRandom.text(Self.tokenLength, of: SecureRandom.letters)
        return FormTie(
            field: HTML.hidden("form_token", tie(fresh, request)),
            cookies: [cookie(Self.formCookie, fresh, life: Self.life)])
    }

    /// - Throws: a page that says so when the form was not shown to this browser.
    func check(_ form: FormFields, of request: PublicRequest) throws {
        guard let known = cookie(Self.formCookie, of: request), let shown = form["form_token"],
            SignedNonce.equal(Array(tie(known, request).utf8), Array(shown.utf8))
        else {
            throw PageRefusal(
                HTMLPage(
                    status: 403, title: "This form is too old",
                    body: HTML.problem("Go back, load the page anew and try again. Cookies have to be allowed.")))
        }
    }

    /// Begins a login at the identity provider: what it is tied to the browser by, and the cookie to set.
    func beginUpstream() -> (UpstreamSecrets, (name: String, value: String)) {
        let seed = SecureRandom.text(Self.tokenLength, of: SecureRandom.letters)
        return (
            UpstreamSecrets(seed: seed, secret: secret), cookie(Self.upstreamCookie, seed, life: UpstreamSecrets.life)
        )
    }

    /// The login at the identity provider that this browser began.
    func upstream(of request: PublicRequest) -> UpstreamSecrets? {
        cookie(Self.upstreamCookie, of: request).map { UpstreamSecrets(seed: $0, secret: secret) }
    }

    /// The cookie that ends it.
    func endUpstream() -> (name: String, value: String) { cookie(Self.upstreamCookie, "", life: .zero) }

    private func tie(_ form: String, _ request: PublicRequest) -> String {
        let session = cookie(Self.sessionCookie, of: request) ?? ""
        let text = Array("apus form \(form) \(session)".utf8)
        return Hexadecimal.encode(
            Array(HMAC<SHA256>.authenticationCode(for: text, using: SymmetricKey(data: secret))))
    }

    /// Browsers take a cookie with this prefix from this host alone, not from one that shares its domain.
    private var prefix: String { isSecure ? "__Host-" : "" }

    private func cookie(_ name: String, _ value: String, life: Duration) -> (name: String, value: String) {
        let secure = isSecure ? "; Secure" : ""
        return (
            "Set-Cookie",
            "\(prefix)\(name)=\(value); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(life.components.seconds)\(secure)"
        )
    }

    private func cookie(_ name: String, of request: PublicRequest) -> String? {
        guard let header = request.raw.header("cookie") else { return nil }
        for part in header.split(separator: ";") {
            let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            if pair.count == 2, pair[0] == prefix + name, pair[1].utf8.count <= Self.cookieBytesMax {
                return String(pair[1])
            }
        }
        return nil
    }
}
