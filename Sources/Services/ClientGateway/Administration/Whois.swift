import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// From where a user's devices were last used: `GET /_matrix/client/v3/admin/whois/{userId}` (spec v1.19, "Server
/// Administration").
struct Whois: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/admin/whois/{userId}")

    let accounts: ModeratedAccount
    let devices: DeviceStore

    /// - Throws: `M_FORBIDDEN` for another user when the caller is no administrator, `M_NOT_FOUND`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let user = try request.path("userId", as: UserID.self)
        if user != request.caller { try await accounts.demandAdministrator(request.caller) }
        guard try await accounts.accounts.fetch(user) != nil else { throw MatrixError.notFound("No such user.") }
        var found = JSONObject()
        for device in try await devices.list(of: user) {
            var connection = JSONObject()
            connection["ip"] = device.lastSeenIP.map(JSONValue.string)
            connection["last_seen"] = device.lastSeenAt.map { .int($0.milliseconds) }
            connection["user_agent"] = device.lastSeenUserAgent.map(JSONValue.string)
            found[device.id.rawValue] = ["sessions": [["connections": [.object(connection)]]]]
        }
        return ["user_id": .string(user.rawValue), "devices": .object(found)]
    }
}
