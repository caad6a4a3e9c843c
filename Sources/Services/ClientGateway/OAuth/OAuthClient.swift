import CanonicalJSON
import Crypto
import Identifiers
import MatrixHTTP

// A client is known by the digest of what it registers: the same program on a thousand devices is one client, registering
// again changes nothing, and no secret is given out (spec v1.19, "Client registration").

/// A program that may ask people for access.
struct OAuthClient: Sendable {
    static let redirectURIsMax = 20
    static let nameBytesMax = 200

    enum Grant: String, CaseIterable {
        case code = "authorization_code"
        case refresh = "refresh_token"
        case device = "urn:ietf:params:oauth:grant-type:device_code"
    }

    let id: String
    /// As kept and answered.
    let metadata: JSONObject

    init(id: String, metadata: JSONObject) {
        self.id = id
        self.metadata = metadata
    }

    /// Checks what a client registers with.
    ///
    /// - Throws: ``OAuthError``.
    init(registering body: JSONObject) throws {
        let fields = BodyFields(body)
        guard let home = try Self.text("client_uri", fields).flatMap(RedirectURI.init), home.scheme == "https",
            let host = home.host
        else { throw Self.bad("'client_uri' has to be an https address.") }
        let isNative = try Self.applicationType(fields) == "native"
        let grants = try Self.grants(fields)
        let redirects = try Self.strings("redirect_uris", fields)
        guard redirects.count <= Self.redirectURIsMax else { throw Self.bad("There are too many redirect URIs.") }
        guard !grants.contains(.code) || !redirects.isEmpty else {
            throw OAuthError(.invalidRedirectURI, "'redirect_uris' is missing.")
        }
        for text in redirects {
            guard let uri = RedirectURI(text), Self.isAllowed(uri, of: host, isNative: isNative) else {
                throw OAuthError(.invalidRedirectURI, "A redirect URI does not fit the client's address and type.")
            }
        }
        guard try Self.text("token_endpoint_auth_method", fields) ?? "none" == "none" else {
            throw Self.bad("Clients have no secret here: 'token_endpoint_auth_method' has to be none.")
        }
        var kept: JSONObject = [
            "client_uri": .string(home.text), "application_type": .string(isNative ? "native" : "web"),
            "grant_types": .array(grants.map { .string($0.rawValue) }), "token_endpoint_auth_method": "none",
        ]
        if !redirects.isEmpty { kept["redirect_uris"] = .array(redirects.map(JSONValue.string)) }
        if grants.contains(.code) { kept["response_types"] = ["code"] }
        if let name = try Self.text("client_name", fields) { kept["client_name"] = .string(name) }
        for key in ["logo_uri", "tos_uri", "policy_uri"] {
            guard let text = try Self.text(key, fields) else { continue }
            guard let uri = RedirectURI(text), uri.scheme == "https", Self.isUnder(uri.host, host) else {
                throw Self.bad("'\(key)' is not an https address of the client's.")
            }
            kept[key] = .string(text)
        }
        metadata = kept
        id = String(Hexadecimal.encode(Array(SHA256.hash(data: kept.bytes()))).prefix(32))
    }

    /// How it is called: by its own name, which anybody may choose, and the host it belongs to, which nobody can.
    var name: String { metadata["client_name"]?.stringValue ?? host }
    var host: String { metadata["client_uri"]?.stringValue.flatMap { RedirectURI($0) }?.host ?? "" }

    var redirectURIs: [RedirectURI] {
        metadata["redirect_uris"]?.arrayValue?.compactMap { $0.stringValue.flatMap { RedirectURI($0) } } ?? []
    }

    func may(_ grant: Grant) -> Bool {
        metadata["grant_types"]?.arrayValue?.contains(.string(grant.rawValue)) ?? false
    }

    private static func applicationType(_ fields: BodyFields) throws -> String {
        let type = try text("application_type", fields) ?? "web"
        guard type == "web" || type == "native" else { throw bad("'application_type' is web or native.") }
        return type
    }

    /// Those it asks for that are served here; others are left out, as the spec has it.
    private static func grants(_ fields: BodyFields) throws -> [Grant] {
        guard fields.has("grant_types") else { return [.code] }
        return try strings("grant_types", fields).compactMap(Grant.init)
    }

    private static func isAllowed(_ uri: RedirectURI, of host: String, isNative: Bool) -> Bool {
        if uri.scheme == "https" { return isUnder(uri.host, host) }
        guard isNative else { return false }
        if uri.scheme == "http" { return uri.isLoopback && uri.port == nil }
        let reversed = host.split(separator: ".").reversed().joined(separator: ".")
        return uri.host == nil && (uri.scheme == reversed || uri.scheme.hasPrefix(reversed + "."))
    }

    private static func isUnder(_ host: String?, _ base: String) -> Bool {
        guard let host else { return false }
        return host == base || host.hasSuffix("." + base)
    }

    private static func text(_ key: String, _ fields: BodyFields) throws -> String? {
        guard let value = fields.object[key], !value.isNull else { return nil }
        guard let text = value.stringValue, text.utf8.count <= RedirectURI.bytesMax,
            key != "client_name" || text.utf8.count <= nameBytesMax
        else { throw bad("'\(key)' is not a text of bearable length.") }
        return text
    }

    private static func strings(_ key: String, _ fields: BodyFields) throws -> [String] {
        guard let value = fields.object[key], !value.isNull else { return [] }
        guard let strings = value.arrayValue?.map(\.stringValue), !strings.contains(nil) else {
            throw bad("'\(key)' is not a list of texts.")
        }
        return strings.compactMap { $0 }
    }

    private static func bad(_ message: String) -> OAuthError { OAuthError(.invalidClientMetadata, message) }
}
