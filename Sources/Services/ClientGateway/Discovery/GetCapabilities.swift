import CanonicalJSON
import HTTPServer
import MatrixHTTP
import RoomRules

/// What this server can do: `GET /_matrix/client/v3/capabilities` (spec v1.19, "Capabilities negotiation").
struct GetCapabilities: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/capabilities")

    func respond(to request: UserRequest) async throws -> JSONObject {
        let versions = JSONObject(RoomVersion.supported.map { ($0.name, "stable") })
        return [
            "capabilities": [
                "m.change_password": ["enabled": true],
                "m.room_versions": ["default": .string(RoomVersion.default.name), "available": .object(versions)],
                "m.set_displayname": ["enabled": true],
                "m.set_avatar_url": ["enabled": true],
                "m.3pid_changes": ["enabled": false],
                "m.get_login_token": ["enabled": false],
                "m.profile_fields": ["enabled": true],
            ]
        ]
    }
}
