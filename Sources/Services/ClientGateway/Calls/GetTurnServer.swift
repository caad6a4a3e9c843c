import CanonicalJSON
import Crypto
import HTTPServer
import MatrixHTTP
import WorkerContracts

/// How calls get through firewalls: `GET /_matrix/client/v3/voip/turnServer` (spec v1.19, "Voice over IP").
///
/// What is given out is worked out from a secret shared with the TURN servers, so nothing is stored: a user name with its
/// end, and a keyed hash of it.
struct GetTurnServer: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/voip/turnServer")

    /// `nil` when there are none.
    let turn: TurnServers?
    let clock: WallClock

    /// - Throws: `M_NOT_FOUND` when there are none.
    func respond(to request: UserRequest) async throws -> JSONObject {
        guard let turn else { throw MatrixError.notFound("This server knows no TURN servers.") }
        let end = clock.now().milliseconds / 1_000 + turn.lifetimeSeconds
        let username = "\(end):\(request.caller)"
        return [
            "username": .string(username), "password": .string(turn.password(of: username)),
            "uris": .array(turn.uris.map(JSONValue.string)), "ttl": .int(turn.lifetimeSeconds),
        ]
    }
}

/// The TURN servers, and the secret that is shared with them.
package struct TurnServers: Sendable {
    package var uris: [String]
    package var sharedSecret: [UInt8]
    /// How long what clients are given is good.
    package var lifetimeSeconds: Int64

    package init(uris: [String], sharedSecret: [UInt8], lifetimeSeconds: Int64) {
        self.uris = uris
        self.sharedSecret = sharedSecret
        self.lifetimeSeconds = lifetimeSeconds
    }

    /// SHA-1 as those servers have it; in a keyed hash it is not broken.
    func password(of username: String) -> String {
        let key = SymmetricKey(data: sharedSecret)
        return PaddedBase64.encode(
            Array(HMAC<Insecure.SHA1>.authenticationCode(for: Array(username.utf8), using: key)))
    }
}
