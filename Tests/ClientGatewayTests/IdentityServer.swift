import CanonicalJSON
import Crypto
import Foundation
import Identifiers
import Signing
import Synchronization
import TestSupport
import Testing

/// An identity server of our own, which takes the token `token`.
final class IdentityServer: Sendable {
    let address: String
    private let shared: Shared

    private final class Shared: Sendable {
        /// Users by medium and address.
        let known = Mutex<[String: String]>([:])
        let requests = Mutex<[(path: String, body: JSONObject, authorization: String)]>([])
        let isAway = Mutex(false)
        let refusal = Mutex<(status: Int, errcode: String)?>(nil)
    }

    private init(address: String, shared: Shared) {
        self.address = address
        self.shared = shared
    }

    static func with(_ body: @Sendable (IdentityServer) async throws -> Void) async throws {
        let shared = Shared()
        try await withScriptedServer { request, responder in
            guard !shared.isAway.withLock({ $0 }) else { throw ScriptedHTTPServer.CloseConnection() }
            let (status, answer) = answer(request, shared)
            try await responder.respond(status: status, String(decoding: answer.bytes(), as: UTF8.self))
        } body: { server in
            try await body(IdentityServer(address: server.address, shared: shared))
        }
    }

    static let key = Result { try SigningKey(keyID: "ed25519:0", seed: Array(repeating: 9, count: 32)) }

    func know(_ address: String, as user: String) { shared.known.withLock { $0["\(address) email"] = user } }
    func goAway() { shared.isAway.withLock { $0 = true } }
    func refuse(_ status: Int, _ errcode: String) { shared.refusal.withLock { $0 = (status, errcode) } }

    /// What it was asked with a body at `path`, below its version.
    func bodies(_ path: String) -> [JSONObject] {
        shared.requests.withLock { $0 }.filter { $0.path.hasSuffix("/v2\(path)") }.map(\.body)
    }

    func authorization(_ path: String) -> String? {
        shared.requests.withLock { $0 }.last { $0.path.hasSuffix("/v2\(path)") }?.authorization
    }

    private static func answer(_ request: ScriptedHTTPServer.Request, _ shared: Shared) -> (Int, JSONObject) {
        let body = (try? JSONObject.parse(request.body)) ?? [:]
        let authorization = request.header("authorization") ?? ""
        shared.requests.withLock { $0.append((request.target, body, authorization)) }
        if let (status, errcode) = shared.refusal.withLock({ $0 }) {
            return (status, ["errcode": .string(errcode), "error": "No."])
        }
        let isUnbind = request.target.hasSuffix("/3pid/unbind")
        guard authorization == "Bearer token" || isUnbind else { return (401, ["errcode": "M_UNKNOWN_TOKEN"]) }
        switch "\(request.method) \(request.target.replacing("/_matrix/identity/v2", with: ""))" {
        case "GET /hash_details": return (200, ["lookup_pepper": "salt", "algorithms": ["none", "sha256"]])
        case "POST /lookup": return (200, ["mappings": .object(mappings(body, shared))])
        case "POST /store-invite": return (200, invite())
        case "POST /3pid/bind":
            return (200, ["medium": "email", "address": "Anna@Else.Where", "mxid": body["mxid"] ?? ""])
        case "POST /3pid/unbind": return authorization.hasPrefix("X-Matrix ") ? (200, [:]) : (403, [:])
        default: return (404, ["errcode": "M_UNRECOGNIZED"])
        }
    }

    private static func mappings(_ body: JSONObject, _ shared: Shared) -> JSONObject {
        guard body["algorithm"] == "sha256", body["pepper"] == "salt" else { return [:] }
        let asked = Set((body["addresses"]?.arrayValue ?? []).compactMap(\.stringValue))
        var found = JSONObject()
        for (address, user) in shared.known.withLock({ $0 }) {
            let hash = Data(SHA256.hash(data: Data("\(address) salt".utf8))).base64EncodedString()
                .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
                .replacingOccurrences(of: "=", with: "")
            if asked.contains(hash) { found[hash] = .string(user) }
        }
        return found
    }

    private static func invite() -> JSONObject {
        let key = (try? key.get()).map { UnpaddedBase64.encode($0.publicKey) } ?? ""
        return [
            "token": "abc", "display_name": "b…@x",
            "public_keys": [
                ["public_key": .string(key), "key_validity_url": "https://is.example/valid"],
                ["public_key": "ephemeral", "key_validity_url": "https://is.example/ephemeral"],
            ],
        ]
    }
}
