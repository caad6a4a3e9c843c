/// The OpenID Connect provider by which people log in besides their passwords.
package struct UpstreamProvider: Sendable {
    /// Its address exactly as it gives it, under which it describes itself.
    package var issuer: String
    package var clientID: String
    package var clientSecret: String
    /// Shown to people.
    package var name: String
    /// Separated by spaces.
    package var scopes: String
    /// What user names are made of.
    package var usernameClaim: String
    /// Whether somebody who comes for the first time gets an account.
    package var makesAccounts: Bool

    package init(
        issuer: String, clientID: String, clientSecret: String, name: String, scopes: String, usernameClaim: String,
        makesAccounts: Bool
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.name = name
        self.scopes = scopes
        self.usernameClaim = usernameClaim
        self.makesAccounts = makesAccounts
    }

    /// What clients call it; there is one.
    static let id = "oidc"

    /// `text` as an issuer: an https address, or one of this machine; `nil` for anything else.
    ///
    /// Who answers at the issuer says who people are, and is known by the connection's certificate alone.
    package static func issuer(_ text: String) -> String? {
        guard let text = endpoint(text), !text.utf8.contains(UInt8(ascii: "?")) else { return nil }
        return text
    }

    /// `text` as the address of one of the provider's endpoints, under the same conditions.
    static func endpoint(_ text: String) -> String? {
        guard let uri = RedirectURI(text), uri.host != nil, uri.scheme == "https" || uri.isLoopback else { return nil }
        return text
    }
}
