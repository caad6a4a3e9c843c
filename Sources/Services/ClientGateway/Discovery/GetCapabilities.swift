import CanonicalJSON
import HTTPServer
import MatrixHTTP
import RoomRules
import Storage

/// What this server can do: `GET /_matrix/client/v3/capabilities` (spec v1.19, "Capabilities negotiation").
struct GetCapabilities: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/capabilities")

    let accounts: AccountStore
    let sendsMail: Bool

    func respond(to request: UserRequest) async throws -> JSONObject {
        let account = try await accounts.fetch(request.caller)
        let versions = JSONObject(RoomVersion.supported.map { ($0.name, "stable") })
        var profileFields: JSONObject = ["enabled": true]
        if request.isGuest { profileFields["allowed"] = ["displayname"] }
        var capabilities: JSONObject = [
            "m.change_password": ["enabled": .bool(account?.passwordHash != nil)],
            "m.room_versions": ["default": .string(RoomVersion.default.name), "available": .object(versions)],
            "m.set_displayname": ["enabled": true],
            "m.set_avatar_url": ["enabled": .bool(!request.isGuest)],
            "m.3pid_changes": ["enabled": .bool(sendsMail && !request.isGuest)],
            "m.get_login_token": ["enabled": .bool(!request.isGuest)],
            "m.profile_fields": .object(profileFields),
            "m.forget_forced_upon_leave": ["enabled": false],
            "org.matrix.msc4140.delayed_events": [
                "max_delay_ms": .int(DelayedEvents.delayMaxMilliseconds),
                "max_scheduled": .int(Int64(DelayedEventStore.scheduledPerUserMax)),
            ],
        ]
        if account?.isAdmin ?? false { capabilities["m.account_moderation"] = ["suspend": true, "lock": true] }
        return ["capabilities": .object(capabilities)]
    }
}
