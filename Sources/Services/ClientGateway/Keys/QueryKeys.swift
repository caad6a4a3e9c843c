import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// The keys of users' devices: `POST /_matrix/client/v3/keys/query` (spec v1.19, "Key management API").
struct QueryKeys: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/keys/query", cost: .read, bodyLimit: .createRoom)
    /// The most users one request asks about.
    static let usersMax = 10_000

    let server: ServerName
    let keys: KeyStore

    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        guard let asked = try body.object("device_keys") else {
            throw MatrixError.missingParam("'device_keys' is missing.")
        }
        guard asked.count <= Self.usersMax else {
            throw MatrixError.invalidParam("One request asks about at most \(Self.usersMax) users.")
        }
        var wanted: [UserID: Set<DeviceID>] = [:]
        var answer = KeyAnswer(viewer: request.caller)
        for member in asked.members {
            guard let user = UserID(member.key) else {
                throw MatrixError.invalidParam("'device_keys' has a key that is not a user ID.")
            }
            guard let devices = member.value.arrayValue else {
                throw MatrixError.badJSON("'device_keys' must be an object of arrays.")
            }
            if user.server == server {
                wanted[user] = Set(devices.compactMap { $0.stringValue.flatMap { DeviceID($0) } })
            } else {
                answer.fail(user.server)
            }
        }
        let users = wanted.keys.sorted()
        for start in stride(from: 0, to: users.count, by: KeyStore.usersMax) {
            let part = Array(users[start..<min(start + KeyStore.usersMax, users.count)])
            let found = try await keys.keys(of: part, seenBy: request.caller)
            for user in part { answer.add(found[user], of: user, devices: wanted[user] ?? []) }
        }
        return answer.json
    }
}
