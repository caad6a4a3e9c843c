import CanonicalJSON
import Crypto
import Identifiers
import Logging
import MatrixHTTP
import OutboundHTTP
import Signing

// Users name the identity server, so it is reached only at an address that everybody may reach, with little patience, and
// what it says is believed of addresses only. It is called before or after a room is written to, never in between.

/// Asks identity servers (spec v1.19, identity service API).
struct IdentityServers: Sendable {
    /// The longest an identity server may take for one answer.
    static let callMax = Duration.seconds(5)
    /// The longest answer, in bytes.
    static let answerBytesMax = 256 << 10
    private static let base = "/_matrix/identity/v2"

    /// This server.
    let server: ServerName
    let key: SigningKey
    let client: HTTPClient
    /// `https`; tests have servers without.
    let scheme: String
    let logger: Logger

    /// A user's session with an identity server.
    struct Session: Sendable, Hashable {
        let server: ServerName
        let token: String

        /// `id_server` and `id_access_token` of a request.
        ///
        /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
        init(_ body: BodyFields) throws {
            server = try body.requiredIdentifier("id_server", as: ServerName.self)
            token = try body.requiredString("id_access_token")
        }
    }

    /// The users that the server connects with `addresses`, as far as it knows any.
    func lookUp(
        _ addresses: [ThirdPartyAddress], in session: Session
    ) async throws -> [ThirdPartyAddress: UserID] {
        let details = try await call("GET", "/hash_details", nil, in: session)
        guard let pepper = details["lookup_pepper"]?.stringValue,
            details["algorithms"]?.arrayValue?.contains("sha256") ?? false
        else { throw Self.unavailable }
        let hashes = addresses.map { address in
            let digest = SHA256.hash(data: Array(address.lookupText(pepper: pepper).utf8))
            return UnpaddedBase64.encode(digest, alphabet: .urlSafe)
        }
        let answer = try await call(
            "POST", "/lookup",
            [
                "algorithm": "sha256", "pepper": .string(pepper),
                "addresses": .array(hashes.map { .string($0) }),
            ], in: session)
        var users: [ThirdPartyAddress: UserID] = [:]
        for (address, hash) in zip(addresses, hashes) {
            users[address] = answer["mappings"]?[hash]?.stringValue.flatMap { UserID($0) }
        }
        return users
    }

    /// Has the server tell somebody of an invite.
    ///
    /// - Parameter invite: what `store-invite` takes.
    /// - Returns: the invite's token and the content of its `m.room.third_party_invite`.
    func storeInvite(_ invite: JSONObject, in session: Session) async throws -> (token: String, content: JSONObject) {
        let answer = try await call("POST", "/store-invite", invite, in: session)
        let keys = answer["public_keys"]?.arrayValue ?? []
        guard let token = answer["token"]?.stringValue, let name = answer["display_name"]?.stringValue,
            let key = keys.first?["public_key"]?.stringValue,
            let validity = keys.first?["key_validity_url"]?.stringValue
        else { throw Self.unavailable }
        return (
            token,
            [
                "display_name": .string(name), "public_key": .string(key), "key_validity_url": .string(validity),
                "public_keys": .array(keys),
            ]
        )
    }

    /// Has the server connect an address with `user`, who has shown there that it is theirs.
    func bind(validation: String, clientSecret: String, to user: UserID, in session: Session) async throws
        -> ThirdPartyAddress
    {
        let answer = try await call(
            "POST", "/3pid/bind",
            [
                "sid": .string(validation), "client_secret": .string(clientSecret), "mxid": .string(user.rawValue),
            ], in: session)
        guard let medium = answer["medium"]?.stringValue, let address = answer["address"]?.stringValue,
            !medium.utf8.contains(0), !address.utf8.contains(0)
        else { throw Self.unavailable }
        return ThirdPartyAddress(medium: medium, address: address)
    }

    /// Has the server take an address from `user`: this server asks for it in its own name.
    ///
    /// - Returns: whether it did.
    /// - Throws: 503 when it cannot be asked.
    func unbind(_ address: ThirdPartyAddress, from user: UserID, at identity: ServerName) async throws -> Bool {
        let path = "\(Self.base)/3pid/unbind"
        let body: JSONObject = [
            "mxid": .string(user.rawValue),
            "threepid": ["medium": .string(address.medium), "address": .string(address.address)],
        ]
        let authorization = RequestSigning.authorization(
            "POST", path, content: body, from: server, to: identity, with: key)
        return try await send("POST", "/3pid/unbind", body, at: identity, authorization).status == 200
    }

    private func call(
        _ method: String, _ path: String, _ body: JSONObject?, in session: Session
    ) async throws -> JSONObject {
        let (status, answer) = try await send(method, path, body, at: session.server, "Bearer \(session.token)")
        guard status == 200 else { throw Self.refusal(status, answer) }
        return answer
    }

    private func send(
        _ method: String, _ path: String, _ body: JSONObject?, at identity: ServerName, _ authorization: String
    ) async throws -> (status: Int, body: JSONObject) {
        var headers = [(name: "Authorization", value: authorization), (name: "Accept", value: "application/json")]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        let request = HTTPRequest(
            method: method, url: "\(scheme)://\(identity)\(Self.base)\(path)", headers: headers, body: body?.bytes(),
            responseBytesMax: Self.answerBytesMax)
        do {
            let response = try await client.execute(request, deadline: .now + Self.callMax)
            // What is no JSON is treated as an answer without the members that are looked for.
            return (response.status, (try? JSONObject.parse(response.body)) ?? JSONObject())
        } catch HTTPClientError.addressDenied {
            throw MatrixError(
                status: 400, errcode: "M_SERVER_NOT_TRUSTED",
                message: "The identity server is where this server does not go.")
        } catch HTTPClientError.badRequest {
            throw MatrixError.invalidParam("'id_access_token' is no token.")
        } catch {
            logger.notice("identity server not reached", metadata: ["server": "\(identity)", "error": "\(error)"])
            throw Self.unavailable
        }
    }

    /// The identity server's own words; a code about a session is about the session there, not the one here.
    private static func refusal(_ status: Int, _ body: JSONObject) -> MatrixError {
        guard (400...499).contains(status), let code = body["errcode"]?.stringValue, code.utf8.count <= 64 else {
            return unavailable
        }
        let isOfSession = [
            "M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_LOCKED", "M_USER_SUSPENDED", "M_USER_DEACTIVATED",
        ].contains { $0.utf8.elementsEqual(code.utf8) }
        return MatrixError(
            status: status == 401 ? 403 : status, errcode: isOfSession ? "M_UNAUTHORIZED" : code,
            message: body["error"]?.stringValue ?? "The identity server refuses.")
    }

    private static var unavailable: MatrixError {
        MatrixError.unavailable("The identity server cannot be reached.", retryAfter: .seconds(10))
    }
}
