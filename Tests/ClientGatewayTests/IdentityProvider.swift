import CanonicalJSON
import Crypto
import Foundation
import Identifiers
import Synchronization
import TestSupport
import Testing

/// An OpenID Connect provider of our own: it describes itself and gives ID tokens for the codes that a test lets people have.
final class IdentityProvider: Sendable {
    static let clientID = "apus client"
    static let clientSecret = "its secret+"

    /// What a code stands for.
    struct Login: Sendable {
        var claims: JSONObject
        var challenge: String
    }

    let url: String
    private let shared: Shared

    private init(url: String, shared: Shared) {
        self.url = url
        self.shared = shared
    }

    private final class Shared: Sendable {
        let logins = Mutex<[String: Login]>([:])
        let isAway = Mutex(false)
    }

    static func with(_ body: @Sendable (IdentityProvider) async throws -> Void) async throws {
        let shared = Shared()
        try await withScriptedServer { request, responder in
            guard !shared.isAway.withLock({ $0 }) else { throw ScriptedHTTPServer.CloseConnection() }
            let host = request.header("host") ?? ""
            switch "\(request.method) \(request.target)" {
            case "GET /.well-known/openid-configuration":
                let metadata: JSONObject = [
                    "issuer": .string("http://\(host)"),
                    "authorization_endpoint": .string("http://\(host)/authorize?ui=plain"),
                    "token_endpoint": .string("http://\(host)/token"),
                ]
                try await responder.respond(String(decoding: metadata.bytes(), as: UTF8.self))
            case "POST /token":
                guard let token = idToken(request, shared) else {
                    return try await responder.respond(status: 400, #"{"error":"invalid_grant"}"#)
                }
                let answer: JSONObject = ["access_token": "a", "token_type": "Bearer", "id_token": .string(token)]
                try await responder.respond(String(decoding: answer.bytes(), as: UTF8.self))
            default: try await responder.respond(status: 404)
            }
        } body: { server in
            try await body(IdentityProvider(url: server.url, shared: shared))
        }
    }

    /// Takes no more connections.
    func goAway() { shared.isAway.withLock { $0 = true } }

    /// Lets somebody whose browser was sent to `location` have a code, with what the provider says of them.
    ///
    /// - Returns: the path on which they come back.
    func logIn(at location: String, _ claims: JSONObject) throws -> String {
        let parts = try #require(URLComponents(string: location))
        #expect("\(parts.scheme ?? "")://\(parts.host ?? ""):\(parts.port ?? 0)" == url)
        #expect(parts.path == "/authorize")
        let items = try #require(parts.queryItems)
        func item(_ name: String) throws -> String { try #require(items.first { $0.name == name }?.value) }
        #expect(try item("ui") == "plain")
        #expect(try item("response_type") == "code")
        #expect(try item("client_id") == Self.clientID)
        #expect(try item("scope").split(separator: " ").contains("openid"))
        #expect(try item("redirect_uri") == "https://test.example/oauth2/upstream/callback")
        #expect(try item("code_challenge_method") == "S256")
        var said: JSONObject = [
            "iss": .string(url), "aud": .string(Self.clientID), "nonce": .string(try item("nonce")),
            "exp": .int(Int64(Date().timeIntervalSince1970) + 300),
        ]
        for member in claims.members { said[member.key] = member.value }
        let code = UUID().uuidString
        let login = Login(claims: said, challenge: try item("code_challenge"))
        shared.logins.withLock { $0[code] = login }
        return "/oauth2/upstream/callback?code=\(code)&state=\(Browser.encoded(try item("state")))"
    }

    private static func idToken(_ request: ScriptedHTTPServer.Request, _ shared: Shared) -> String? {
        let pair = "\(Browser.encoded(clientID)):\(Browser.encoded(clientSecret))"
        guard request.header("authorization") == "Basic \(Data(pair.utf8).base64EncodedString())" else { return nil }
        let fields = String(decoding: request.body, as: UTF8.self).split(separator: "&").reduce(
            into: [String: String]()
        ) {
            let field = $1.split(separator: "=", maxSplits: 1)
            $0[String(field[0])] = String(field[1]).removingPercentEncoding
        }
        guard fields["grant_type"] == "authorization_code",
            fields["redirect_uri"] == "https://test.example/oauth2/upstream/callback",
            let login = shared.logins.withLock({ $0.removeValue(forKey: fields["code"] ?? "") }),
            let verifier = fields["code_verifier"],
            base64URL(Array(SHA256.hash(data: Data(verifier.utf8)))) == login.challenge
        else { return nil }
        let head = base64URL(Array(#"{"alg":"RS256"}"#.utf8))
        return "\(head).\(base64URL(login.claims.bytes())).\(base64URL([1, 2, 3]))"
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}
