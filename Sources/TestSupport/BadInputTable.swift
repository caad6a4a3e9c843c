/// One bad request and what the specification wants it answered with.
///
/// In `path` and `body`, `{room}` stands for a room the caller is in, `{event}` for an event of it, `{me}` for the caller
/// and `{other}` for another local user.
package struct BadInput: Sendable, CustomStringConvertible {
    package enum Token: Sendable { case valid, absent, unknown }

    /// The endpoint's method and path template, as in its route.
    package let endpoint: String
    /// The request's path and query.
    package let path: String
    package let body: String?
    package let token: Token
    package let status: Int
    package let errcode: String
    /// Only the room's writer can tell.
    package var needsWriter: Bool { errcode == "M_INVALID_ROOM_STATE" }

    package init(
        _ endpoint: String, at path: String, body: String? = nil, token: Token = .valid, _ status: Int,
        _ errcode: String
    ) {
        self.endpoint = endpoint
        self.path = path
        self.body = body
        self.token = token
        self.status = status
        self.errcode = errcode
    }

    package var description: String {
        "\(endpoint.prefix { $0 != " " }) \(path) \(body?.prefix(80) ?? "") → \(errcode)"
    }
}

/// Bad requests for every endpoint of the client worker; a test compares the endpoints with the route list.
package enum BadInputTable {
    static let v3 = "/_matrix/client/v3"

    package static let rows: [BadInput] =
        discovery + accounts + authentication + rendezvous + contacts + oauth + administration + devices + rooms
        + membership
        + events + state + aliases + profiles + accountData + tags + others + messages + roomLife
        + keys + keyBackups + push

    /// Bad requests for the endpoints of the sync worker.
    package static let sync: [BadInput] =
        unauthorised("GET \(v3)/sync", at: "\(v3)/sync")
        + [
            "since=garbage", "since=", "since=%00", "since=a%CC%81", "since=\(long)", "timeout=x", "timeout=-1",
            "full_state=perhaps", "set_presence=odd", "filter=%7B", "filter=none", "filter=%7B%22room%22%3A7%7D",
        ].map { BadInput("GET \(v3)/sync", at: "\(v3)/sync?\($0)", 400, "M_INVALID_PARAM") }
        + unauthorised("GET \(v3)/presence/{userId}/status", at: "\(v3)/presence/{me}/status")
        + [("@nobody:test.example", 403, "M_FORBIDDEN"), ("nobody", 400, "M_INVALID_PARAM")].map {
            BadInput("GET \(v3)/presence/{userId}/status", at: "\(v3)/presence/\($0)/status", $1, $2)
        }
        + slidingRows("POST /_matrix/client/unstable/org.matrix.simplified_msc3575/sync", range: #""ranges":[[5,1]]"#)
        + slidingRows("POST /_matrix/client/v4/sync", range: #""range":[5,1]"#)
        + [
            ("timeout=-1", "M_INVALID_PARAM"), ("set_presence=odd", "M_INVALID_PARAM"),
            ("pos=garbage", "M_UNKNOWN_POS"),
        ]
        .map {
            let path = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"
            return BadInput("POST \(path)", at: "\(path)?\($0)", body: "{}", 400, $1)
        }
        + [
            (#"{"timeout":-1}"#, "M_INVALID_PARAM"), (#"{"set_presence":"odd"}"#, "M_INVALID_PARAM"),
            (#"{"pos":"garbage"}"#, "M_UNKNOWN_POS"),
        ].map { BadInput("POST /_matrix/client/v4/sync", at: "/_matrix/client/v4/sync", body: $0, 400, $1) }
        + unauthorised("GET \(v3)/keys/changes", at: "\(v3)/keys/changes?from=x&to=x")
        + [
            ("", "M_MISSING_PARAM"), ("?from=x", "M_INVALID_PARAM"), ("?to=x", "M_MISSING_PARAM"),
            ("?from=garbage&to=garbage", "M_INVALID_PARAM"),
        ].map { BadInput("GET \(v3)/keys/changes", at: "\(v3)/keys/changes\($0)", 400, $1) }
        + unauthorised("GET \(v3)/initialSync", at: "\(v3)/initialSync")
        + ["limit=x", "limit=-1", "archived=perhaps"].map {
            BadInput("GET \(v3)/initialSync", at: "\(v3)/initialSync?\($0)", 400, "M_INVALID_PARAM")
        }
        + unauthorised("GET \(v3)/events", at: "\(v3)/events")
        + ["from=garbage", "timeout=x", "timeout=-1", "room_id=none"].map {
            BadInput("GET \(v3)/events", at: "\(v3)/events?\($0)", 400, "M_INVALID_PARAM")
        }

    /// What both forms of sliding sync have in common.
    private static func slidingRows(_ endpoint: String, range: String) -> [BadInput] {
        let path = String(endpoint.dropFirst(5))
        return unauthorised(endpoint, at: path) + badBodies(endpoint, at: path)
            + [
                (#"{"lists":7}"#, "M_BAD_JSON"), (#"{"lists":{"a":7}}"#, "M_BAD_JSON"),
                (#"{"lists":{"a":{}}}"#, "M_MISSING_PARAM"),
                (#"{"lists":{"a":{"timeline_limit":-1}}}"#, "M_INVALID_PARAM"),
                ("{\"lists\":{\"a\":{\"timeline_limit\":1,\(range)}}}", "M_INVALID_PARAM"),
                ("{\"conn_id\":\"\(long)\"}", "M_INVALID_PARAM"),
                (#"{"room_subscriptions":{"!a:b":{}}}"#, "M_MISSING_PARAM"),
                (#"{"extensions":{"to_device":{"enabled":true,"since":"x"}}}"#, "M_INVALID_PARAM"),
                (
                    #"{"extensions":{"org.matrix.msc4354.sticky_events":{"enabled":true,"since":"k1_x"}}}"#,
                    "M_INVALID_PARAM"
                ),
                (
                    "{\"room_subscriptions\":{"
                        + (0...100).map { #""!\#($0):b":{"timeline_limit":1}"# }.joined(separator: ",") + "}}",
                    "M_INVALID_PARAM"
                ),
            ].map { BadInput(endpoint, at: path, body: $0, 400, $1) }
    }

    private static let notJSON = "{"
    private static let nulInJSON = "{\"\\u0000"
    private static let deep = String(repeating: "[", count: 5_000)
    static let long = String(repeating: "a", count: 300)
    static let huge = "{\"body\":\"\(String(repeating: "x", count: 65_600))\"}"
    private static let loneSurrogate = "{\"body\":\"\\ud800\"}"
    private static let duplicateKey = "{\"a\":1,\"a\":2}"

    /// What every endpoint with a token has in common.
    static func unauthorised(_ endpoint: String, at path: String) -> [BadInput] {
        [
            BadInput(endpoint, at: path, body: "{}", token: .absent, 401, "M_MISSING_TOKEN"),
            BadInput(endpoint, at: path, body: "{}", token: .unknown, 401, "M_UNKNOWN_TOKEN"),
        ]
    }

    /// What every endpoint with a JSON body has in common.
    static func badBodies(_ endpoint: String, at path: String, token: BadInput.Token = .valid) -> [BadInput] {
        [
            BadInput(endpoint, at: path, body: notJSON, token: token, 400, "M_NOT_JSON"),
            BadInput(endpoint, at: path, body: "[]", token: token, 400, "M_BAD_JSON"),
            BadInput(endpoint, at: path, body: deep, token: token, 400, "M_NOT_JSON"),
        ]
    }

    private static let accounts: [BadInput] =
        badBodies("POST \(v3)/register", at: "\(v3)/register", token: .absent)
        + badBodies("POST \(v3)/login", at: "\(v3)/login", token: .absent)
        + badBodies("POST \(v3)/refresh", at: "\(v3)/refresh", token: .absent)
        + badBodies("POST \(v3)/account/password", at: "\(v3)/account/password")
        + unauthorised("POST \(v3)/account/password", at: "\(v3)/account/password")
        + unauthorised("POST \(v3)/logout", at: "\(v3)/logout")
        + unauthorised("POST \(v3)/logout/all", at: "\(v3)/logout/all")
        + unauthorised("GET \(v3)/account/whoami", at: "\(v3)/account/whoami")
        + [
            register(#"{"username":7}"#, 400, "M_BAD_JSON"),
            register(#"{"username":"ünïcode"}"#, 400, "M_INVALID_USERNAME"),
            register(#"{"username":"a\u0000b"}"#, 400, "M_INVALID_USERNAME"),
            register(#"{"username":"\#(long)"}"#, 400, "M_INVALID_USERNAME"),
            register(#"{"username":""}"#, 400, "M_INVALID_USERNAME"),
            register(#"{"username":"x","password":[]}"#, 400, "M_BAD_JSON"),
            register(#"{"username":"x","password":""}"#, 400, "M_WEAK_PASSWORD"),
            register(#"{"username":"x","auth":"yes"}"#, 400, "M_BAD_JSON"),
            register(#"{"username":"x","auth":{"type":"m.login.dummy"}}"#, 400, "M_MISSING_PARAM"),
            register(#"{"username":"x","device_id":"a\u0000"}"#, 400, "M_INVALID_PARAM"),
            BadInput(
                "POST \(v3)/register", at: "\(v3)/register?kind=guest", body: "{}", token: .absent, 403,
                "M_GUEST_ACCESS_FORBIDDEN"),
            BadInput(
                "GET \(v3)/register/available", at: "\(v3)/register/available", token: .absent, 400, "M_MISSING_PARAM"),
            BadInput(
                "GET \(v3)/register/available", at: "\(v3)/register/available?username=%C3%BC", token: .absent, 400,
                "M_INVALID_USERNAME"),
            BadInput(
                "GET /_matrix/client/v1/register/m.login.registration_token/validity",
                at: "/_matrix/client/v1/register/m.login.registration_token/validity", token: .absent, 400,
                "M_MISSING_PARAM"),
            BadInput(
                "GET /_synapse/admin/v1/register", at: "/_synapse/admin/v1/register/x", token: .absent, 404,
                "M_UNRECOGNIZED"),
            sharedSecret(#"{"nonce":1}"#, 400, "M_BAD_JSON"),
            sharedSecret(#"{"username":"a"}"#, 400, "M_MISSING_PARAM"),
            sharedSecret(
                #"{"nonce":"00","username":"a","password":"b","mac":"00"}"#, 400, "M_UNKNOWN"),
            login("{}", 400, "M_MISSING_PARAM"),
            login(#"{"type":7}"#, 400, "M_BAD_JSON"),
            login(#"{"type":"m.login.nothing"}"#, 400, "M_UNKNOWN"),
            login(#"{"type":"m.login.password"}"#, 400, "M_MISSING_PARAM"),
            login(#"{"type":"m.login.password","identifier":"x"}"#, 400, "M_BAD_JSON"),
            login(#"{"type":"m.login.password","identifier":{"type":"m.id.phone"}}"#, 400, "M_UNKNOWN"),
            login(#"{"type":"m.login.password","identifier":{"type":"m.id.user"}}"#, 400, "M_MISSING_PARAM"),
            login(
                #"{"type":"m.login.password","identifier":{"type":"m.id.user","user":"no\u0000body"},"password":"x"}"#,
                403, "M_FORBIDDEN"),
            login(
                #"{"type":"m.login.password","identifier":{"type":"m.id.user","user":"\#(long)"},"password":"x"}"#,
                403, "M_FORBIDDEN"),
            login(
                #"{"type":"m.login.password","user":"x","password":"x","device_id":"\#(long)"}"#, 400, "M_INVALID_PARAM"
            ),
            BadInput("GET \(v3)/login", at: "\(v3)/login/x", token: .absent, 404, "M_UNRECOGNIZED"),
            BadInput("POST \(v3)/refresh", at: "\(v3)/refresh", body: "{}", token: .absent, 400, "M_MISSING_PARAM"),
            BadInput(
                "POST \(v3)/refresh", at: "\(v3)/refresh", body: #"{"refresh_token":"nonsense"}"#, token: .absent, 401,
                "M_UNKNOWN_TOKEN"),
            BadInput(
                "POST \(v3)/account/password", at: "\(v3)/account/password", body: #"{"new_password":7}"#, 400,
                "M_BAD_JSON"),
        ]

    static func register(_ body: String, _ status: Int, _ errcode: String) -> BadInput {
        BadInput("POST \(v3)/register", at: "\(v3)/register", body: body, token: .absent, status, errcode)
    }

    static func login(_ body: String, _ status: Int, _ errcode: String) -> BadInput {
        BadInput("POST \(v3)/login", at: "\(v3)/login", body: body, token: .absent, status, errcode)
    }

    private static func sharedSecret(_ body: String, _ status: Int, _ errcode: String) -> BadInput {
        let path = "/_synapse/admin/v1/register"
        return BadInput("POST \(path)", at: path, body: body, token: .absent, status, errcode)
    }

    private static let devices: [BadInput] =
        unauthorised("GET \(v3)/devices", at: "\(v3)/devices")
        + [
            BadInput("GET \(v3)/devices/{deviceId}", at: "\(v3)/devices/NOSUCH", 404, "M_NOT_FOUND"),
            BadInput("GET \(v3)/devices/{deviceId}", at: "\(v3)/devices/a%00b", 400, "M_INVALID_PARAM"),
            BadInput("GET \(v3)/devices/{deviceId}", at: "\(v3)/devices/\(long)", 400, "M_INVALID_PARAM"),
            BadInput("PUT \(v3)/devices/{deviceId}", at: "\(v3)/devices/NOSUCH", body: "{}", 404, "M_NOT_FOUND"),
            BadInput(
                "PUT \(v3)/devices/{deviceId}", at: "\(v3)/devices/NOSUCH", body: #"{"display_name":{}}"#, 400,
                "M_BAD_JSON"),
            BadInput(
                "DELETE \(v3)/devices/{deviceId}", at: "\(v3)/devices/NOSUCH", body: #"{"auth":7}"#, 400, "M_BAD_JSON"),
            BadInput(
                "DELETE \(v3)/devices/{deviceId}", at: "\(v3)/devices/a%00", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput("POST \(v3)/delete_devices", at: "\(v3)/delete_devices", body: "{}", 400, "M_MISSING_PARAM"),
            BadInput(
                "POST \(v3)/delete_devices", at: "\(v3)/delete_devices", body: #"{"devices":[1]}"#, 400, "M_BAD_JSON"),
            BadInput(
                "POST \(v3)/delete_devices", at: "\(v3)/delete_devices", body: #"{"devices":["a\u0000"]}"#, 400,
                "M_INVALID_PARAM"),
        ] + badBodies("POST \(v3)/delete_devices", at: "\(v3)/delete_devices")

    private static let rooms: [BadInput] =
        badBodies("POST \(v3)/createRoom", at: "\(v3)/createRoom")
        + unauthorised("POST \(v3)/createRoom", at: "\(v3)/createRoom")
        + [
            (#"{"room_version":"99"}"#, "M_UNSUPPORTED_ROOM_VERSION"), (#"{"room_version":12}"#, "M_BAD_JSON"),
            (#"{"preset":"odd"}"#, "M_INVALID_PARAM"), (#"{"preset":{}}"#, "M_BAD_JSON"),
            (#"{"visibility":"odd"}"#, "M_INVALID_PARAM"), (#"{"name":7}"#, "M_BAD_JSON"),
            (#"{"topic":[]}"#, "M_BAD_JSON"), (#"{"invite":"x"}"#, "M_BAD_JSON"), (#"{"invite":[7]}"#, "M_BAD_JSON"),
            (#"{"invite":["x"]}"#, "M_INVALID_PARAM"), (#"{"is_direct":1}"#, "M_BAD_JSON"),
            (#"{"initial_state":{}}"#, "M_BAD_JSON"), (#"{"initial_state":[1]}"#, "M_BAD_JSON"),
            (#"{"initial_state":[{"type":"m.x"}]}"#, "M_BAD_JSON"),
            (#"{"initial_state":[{"type":"m\u0000x","content":{}}]}"#, "M_INVALID_PARAM"),
            (#"{"initial_state":[{"type":"m.x","state_key":"\#(long)","content":{}}]}"#, "M_INVALID_PARAM"),
            (#"{"initial_state":[{"type":"m.x","content":{"a":1.5}}]}"#, "M_BAD_JSON"),
            (#"{"power_level_content_override":[]}"#, "M_BAD_JSON"), (#"{"creation_content":[]}"#, "M_BAD_JSON"),
            (#"{"creation_content":{"m.federate":1}}"#, "M_BAD_JSON"),
            (#"{"creation_content":{"additional_creators":["x"]}}"#, "M_INVALID_PARAM"),
            (#"{"room_alias_name":7}"#, "M_BAD_JSON"), (#"{"room_alias_name":""}"#, "M_INVALID_PARAM"),
            (#"{"room_alias_name":"a:b"}"#, "M_INVALID_PARAM"), (#"{"room_alias_name":"a\u0000"}"#, "M_INVALID_PARAM"),
            (#"{"power_level_content_override":{"users":{"{me}":"all"}}}"#, "M_INVALID_ROOM_STATE"),
        ].map { BadInput("POST \(v3)/createRoom", at: "\(v3)/createRoom", body: $0.0, 400, $0.1) }

    private static let membership: [BadInput] =
        ["invite", "kick", "ban", "unban"].flatMap { name -> [BadInput] in
            let endpoint = "POST \(v3)/rooms/{roomId}/\(name)"
            let path = "\(v3)/rooms/{room}/\(name)"
            return badBodies(endpoint, at: path) + unauthorised(endpoint, at: path) + [
                BadInput(endpoint, at: path, body: "{}", 400, "M_MISSING_PARAM"),
                BadInput(endpoint, at: path, body: #"{"user_id":7}"#, 400, "M_BAD_JSON"),
                BadInput(endpoint, at: path, body: #"{"user_id":"x"}"#, 400, "M_INVALID_PARAM"),
                BadInput(endpoint, at: path, body: #"{"user_id":"{other}","reason":7}"#, 400, "M_BAD_JSON"),
                BadInput(
                    endpoint, at: "\(v3)/rooms/!none/\(name)", body: #"{"user_id":"{other}"}"#, 403, "M_FORBIDDEN"),
                BadInput(
                    endpoint, at: "\(v3)/rooms/none/\(name)", body: #"{"user_id":"{other}"}"#, 400, "M_INVALID_PARAM"),
            ]
        } + [
            BadInput("POST \(v3)/rooms/{roomId}/join", at: "\(v3)/rooms/!none/join", body: "{}", 404, "M_NOT_FOUND"),
            BadInput(
                "POST \(v3)/rooms/{roomId}/join", at: "\(v3)/rooms/{room}/join", body: #"{"reason":7}"#, 400,
                "M_BAD_JSON"),
            BadInput(
                "POST \(v3)/join/{roomIdOrAlias}", at: "\(v3)/join/%23none:nowhere", body: "{}", 404, "M_NOT_FOUND"),
            BadInput("POST \(v3)/join/{roomIdOrAlias}", at: "\(v3)/join/none", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput("POST \(v3)/join/{roomIdOrAlias}", at: "\(v3)/join/!a%00", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput("POST \(v3)/rooms/{roomId}/leave", at: "\(v3)/rooms/!none/leave", body: "{}", 403, "M_FORBIDDEN"),
            BadInput("POST \(v3)/rooms/{roomId}/leave", at: "\(v3)/rooms/x/leave", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(
                "POST \(v3)/rooms/{roomId}/forget", at: "\(v3)/rooms/!none/forget", body: "{}", 404, "M_NOT_FOUND"),
            BadInput("POST \(v3)/rooms/{roomId}/forget", at: "\(v3)/rooms/{room}/forget", body: "{}", 400, "M_UNKNOWN"),
        ] + unauthorised("GET \(v3)/joined_rooms", at: "\(v3)/joined_rooms")

    private static let sendPath = "\(v3)/rooms/{room}/send/m.room.message"
    private static let send = "PUT \(v3)/rooms/{roomId}/send/{eventType}/{txnId}"
    private static let redactEndpoint = "PUT \(v3)/rooms/{roomId}/redact/{eventId}/{txnId}"

    private static let events: [BadInput] =
        badBodies(send, at: "\(sendPath)/1") + unauthorised(send, at: "\(sendPath)/1")
        + [
            BadInput(send, at: "\(sendPath)/1", body: huge, 413, "M_TOO_LARGE"),
            BadInput(send, at: "\(sendPath)/1", body: #"{"a":1.5}"#, 400, "M_BAD_JSON"),
            BadInput(send, at: "\(sendPath)/1", body: #"{"a":9007199254740993}"#, 400, "M_BAD_JSON"),
            BadInput(send, at: "\(sendPath)/1", body: loneSurrogate, 400, "M_NOT_JSON"),
            BadInput(send, at: "\(sendPath)/1", body: duplicateKey, 400, "M_BAD_JSON"),
            BadInput(send, at: "\(sendPath)/\(long)", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(send, at: "\(sendPath)/a%00", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(send, at: "\(v3)/rooms/{room}/send/\(long)/1", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(send, at: "\(v3)/rooms/{room}/send/a%00/1", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(send, at: "\(v3)/rooms/!none/send/m.room.message/1", body: "{}", 403, "M_FORBIDDEN"),
            BadInput(send, at: "\(v3)/rooms/!\(long)/send/m.room.message/1", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(send, at: "\(v3)/rooms/{room}/send/m.room.redaction/1", body: "{}", 400, "M_MISSING_PARAM"),
            BadInput(redactEndpoint, at: "\(v3)/rooms/{room}/redact/$none/1", body: "{}", 404, "M_NOT_FOUND"),
            BadInput(redactEndpoint, at: "\(v3)/rooms/{room}/redact/none/1", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(
                redactEndpoint, at: "\(v3)/rooms/{room}/redact/{event}/1", body: #"{"reason":7}"#, 400, "M_BAD_JSON"),
            BadInput(redactEndpoint, at: "\(v3)/rooms/!none/redact/{event}/1", body: "{}", 403, "M_FORBIDDEN"),
            read("messages", "?dir=b", room: "!none", 403, "M_FORBIDDEN"),
            read("messages", "", 400, "M_MISSING_PARAM"), read("messages", "?dir=x", 400, "M_INVALID_PARAM"),
            read("messages", "?dir=b&limit=x", 400, "M_INVALID_PARAM"),
            read("messages", "?dir=b&limit=-1", 400, "M_INVALID_PARAM"),
            read("messages", "?dir=b&from=garbage", 400, "M_INVALID_PARAM"),
            read("messages", "?dir=b&to=garbage", 400, "M_INVALID_PARAM"),
            read("messages", "?dir=b&filter=%7B", 400, "M_INVALID_PARAM"),
            read("messages", "?dir=b&filter=%5B%5D", 400, "M_INVALID_PARAM"),
            read("messages", "?dir=b&filter=%7B%22types%22%3A7%7D", 400, "M_BAD_JSON"),
            read("messages", "?dir=b&filter=%7B%22senders%22%3A%5B%22x%22%5D%7D", 400, "M_INVALID_PARAM"),
            read("messages", "?dir=b&from=p1_-1", 400, "M_INVALID_PARAM"),
            read("messages", "?dir=b&from=p1_99999999999999999999", 400, "M_INVALID_PARAM"),
            read("messages", "?dir=b&from=\(long)", 400, "M_INVALID_PARAM"),
            read("messages", "?dir=b", room: "!\(long)", 400, "M_INVALID_PARAM"),
            BadInput(
                "GET \(v3)/rooms/{roomId}/context/{eventId}", at: "\(v3)/rooms/{room}/context/$none", 404,
                "M_NOT_FOUND"),
            BadInput(
                "GET \(v3)/rooms/{roomId}/context/{eventId}", at: "\(v3)/rooms/{room}/context/{event}?limit=x", 400,
                "M_INVALID_PARAM"),
            BadInput(
                "GET \(v3)/rooms/{roomId}/context/{eventId}", at: "\(v3)/rooms/{room}/context/{event}?filter=x", 400,
                "M_INVALID_PARAM"),
            BadInput(
                "GET \(v3)/rooms/{roomId}/context/{eventId}", at: "\(v3)/rooms/!none/context/{event}", 404,
                "M_NOT_FOUND"),
            BadInput(
                "GET \(v3)/rooms/{roomId}/event/{eventId}", at: "\(v3)/rooms/{room}/event/$none", 404, "M_NOT_FOUND"),
            BadInput(
                "GET \(v3)/rooms/{roomId}/event/{eventId}", at: "\(v3)/rooms/{room}/event/$a%00", 400,
                "M_INVALID_PARAM"),
            BadInput(
                "GET \(v3)/rooms/{roomId}/event/{eventId}", at: "\(v3)/rooms/{room}/event/none", 400,
                "M_INVALID_PARAM"),
            BadInput(
                "GET \(v3)/rooms/{roomId}/event/{eventId}", at: "\(v3)/rooms/!none/event/{event}", 404, "M_NOT_FOUND"),
        ]

    private static func read(
        _ name: String, _ query: String, room: String = "{room}", _ status: Int, _ errcode: String
    ) -> BadInput {
        BadInput("GET \(v3)/rooms/{roomId}/\(name)", at: "\(v3)/rooms/\(room)/\(name)\(query)", status, errcode)
    }

    private static let keyed = "\(v3)/rooms/{roomId}/state/{eventType}/{stateKey}"
    private static let unkeyed = "\(v3)/rooms/{roomId}/state/{eventType}"

    private static let state: [BadInput] =
        badBodies("PUT \(keyed)", at: "\(v3)/rooms/{room}/state/m.x/k")
        + badBodies("PUT \(unkeyed)", at: "\(v3)/rooms/{room}/state/m.x")
        + [
            BadInput("GET \(keyed)", at: "\(v3)/rooms/{room}/state/m.x/a%00", 404, "M_NOT_FOUND"),
            BadInput("PUT \(keyed)", at: "\(v3)/rooms/{room}/state/m.x/\(long)", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput("PUT \(keyed)", at: "\(v3)/rooms/{room}/state/m.x/a%00", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(
                "PUT \(keyed)", at: "\(v3)/rooms/{room}/state/m.room.member/x", body: #"{"membership":"join"}"#, 400,
                "M_INVALID_PARAM"),
            BadInput(
                "PUT \(keyed)", at: "\(v3)/rooms/{room}/state/m.room.member/{other}", body: "{}", 400, "M_BAD_JSON"),
            BadInput("PUT \(unkeyed)", at: "\(v3)/rooms/{room}/state/m.room.name", body: huge, 413, "M_TOO_LARGE"),
            BadInput(
                "PUT \(unkeyed)", at: "\(v3)/rooms/{room}/state/m.room.canonical_alias", body: #"{"alias":"x"}"#, 400,
                "M_INVALID_PARAM"),
            BadInput(
                "PUT \(unkeyed)", at: "\(v3)/rooms/{room}/state/m.room.canonical_alias",
                body: ##"{"alias":"#none:nowhere"}"##, 400, "M_BAD_ALIAS"),
            BadInput("PUT \(unkeyed)", at: "\(v3)/rooms/!none/state/m.room.name", body: "{}", 403, "M_FORBIDDEN"),
            BadInput("GET \(keyed)", at: "\(v3)/rooms/{room}/state/m.none/k", 404, "M_NOT_FOUND"),
            BadInput("GET \(keyed)", at: "\(v3)/rooms/{room}/state/m.none/k?format=odd", 400, "M_INVALID_PARAM"),
            BadInput("GET \(unkeyed)", at: "\(v3)/rooms/!none/state/m.room.name", 403, "M_FORBIDDEN"),
            read("state", "", room: "!none", 403, "M_FORBIDDEN"),
            read("state", "", room: "none", 400, "M_INVALID_PARAM"),
            read("members", "", room: "!none", 403, "M_FORBIDDEN"),
            read("members", "?membership=odd", 400, "M_INVALID_PARAM"),
            read("members", "?at=garbage", 400, "M_INVALID_PARAM"),
            read("joined_members", "", room: "!none", 403, "M_FORBIDDEN"),
        ]

    private static let directory = "\(v3)/directory/room/{roomAlias}"

    private static let aliases: [BadInput] =
        badBodies("PUT \(directory)", at: "\(v3)/directory/room/%23a:test.example")
        + [
            BadInput(
                "GET \(directory)", at: "\(v3)/directory/room/%23none:test.example", token: .absent, 404, "M_NOT_FOUND"),
            BadInput("GET \(directory)", at: "\(v3)/directory/room/none", token: .absent, 400, "M_INVALID_PARAM"),
            BadInput("GET \(directory)", at: "\(v3)/directory/room/%23a%00:b", token: .absent, 400, "M_INVALID_PARAM"),
            BadInput(
                "PUT \(directory)", at: "\(v3)/directory/room/%23a:test.example", body: "{}", 400, "M_MISSING_PARAM"),
            BadInput(
                "PUT \(directory)", at: "\(v3)/directory/room/%23a:else.where", body: #"{"room_id":"{room}"}"#, 400,
                "M_INVALID_PARAM"),
            BadInput(
                "PUT \(directory)", at: "\(v3)/directory/room/%23a:test.example", body: #"{"room_id":"!none"}"#, 403,
                "M_FORBIDDEN"),
            BadInput("DELETE \(directory)", at: "\(v3)/directory/room/%23none:test.example", 404, "M_NOT_FOUND"),
            BadInput("DELETE \(directory)", at: "\(v3)/directory/room/none", 400, "M_INVALID_PARAM"),
            read("aliases", "", room: "!none", 403, "M_FORBIDDEN"),
        ]

    private static let field = "\(v3)/profile/{userId}/{keyName}"

    private static let profiles: [BadInput] =
        badBodies("PUT \(field)", at: "\(v3)/profile/{me}/displayname")
        + [
            BadInput(
                "GET \(v3)/profile/{userId}", at: "\(v3)/profile/@none:test.example", token: .absent, 404, "M_NOT_FOUND"
            ),
            BadInput("GET \(v3)/profile/{userId}", at: "\(v3)/profile/none", token: .absent, 400, "M_INVALID_PARAM"),
            BadInput("GET \(field)", at: "\(v3)/profile/{me}/m.tz", token: .absent, 404, "M_NOT_FOUND"),
            BadInput("GET \(field)", at: "\(v3)/profile/{me}/Odd", token: .absent, 400, "M_INVALID_PARAM"),
            BadInput("PUT \(field)", at: "\(v3)/profile/{me}/displayname", body: "{}", 400, "M_MISSING_PARAM"),
            BadInput(
                "PUT \(field)", at: "\(v3)/profile/{me}/displayname", body: #"{"displayname":7}"#, 400, "M_BAD_JSON"),
            BadInput(
                "PUT \(field)", at: "\(v3)/profile/{me}/avatar_url", body: #"{"avatar_url":"http://x"}"#, 400,
                "M_INVALID_PARAM"),
            BadInput(
                "PUT \(field)", at: "\(v3)/profile/{other}/displayname", body: #"{"displayname":"x"}"#, 403,
                "M_FORBIDDEN"),
            BadInput("PUT \(field)", at: "\(v3)/profile/{me}/a.\(long)", body: "{}", 400, "M_KEY_TOO_LARGE"),
            BadInput("DELETE \(field)", at: "\(v3)/profile/{other}/displayname", 403, "M_FORBIDDEN"),
        ]

    private static let toDevice = "PUT \(v3)/sendToDevice/{eventType}/{txnId}"
    private static let typing = "PUT \(v3)/rooms/{roomId}/typing/{userId}"
    private static let presence = "PUT \(v3)/presence/{userId}/status"
    private static let receipt = "POST \(v3)/rooms/{roomId}/receipt/{receiptType}/{eventId}"
    private static let markers = "POST \(v3)/rooms/{roomId}/read_markers"
    private static let newFilter = "POST \(v3)/user/{userId}/filter"
    private static let oldFilter = "GET \(v3)/user/{userId}/filter/{filterId}"

    private static let others: [BadInput] =
        badBodies(toDevice, at: "\(v3)/sendToDevice/m.x/1") + badBodies(typing, at: "\(v3)/rooms/{room}/typing/{me}")
        + badBodies(presence, at: "\(v3)/presence/{me}/status")
        + badBodies(markers, at: "\(v3)/rooms/{room}/read_markers") + badBodies(newFilter, at: "\(v3)/user/{me}/filter")
        + [
            BadInput(toDevice, at: "\(v3)/sendToDevice/m.x/1", body: "{}", 400, "M_MISSING_PARAM"),
            BadInput(toDevice, at: "\(v3)/sendToDevice/m.x/1", body: #"{"messages":[]}"#, 400, "M_BAD_JSON"),
            BadInput(toDevice, at: "\(v3)/sendToDevice/m.x/1", body: #"{"messages":{"x":{}}}"#, 400, "M_INVALID_PARAM"),
            BadInput(
                toDevice, at: "\(v3)/sendToDevice/m.x/1", body: #"{"messages":{"{other}":{"*":7}}}"#, 400,
                "M_BAD_JSON"),
            BadInput(typing, at: "\(v3)/rooms/{room}/typing/{other}", body: #"{"typing":true}"#, 403, "M_FORBIDDEN"),
            BadInput(typing, at: "\(v3)/rooms/{room}/typing/{me}", body: "{}", 400, "M_MISSING_PARAM"),
            BadInput(typing, at: "\(v3)/rooms/{room}/typing/{me}", body: #"{"typing":"yes"}"#, 400, "M_BAD_JSON"),
            BadInput(typing, at: "\(v3)/rooms/!none/typing/{me}", body: #"{"typing":true}"#, 403, "M_FORBIDDEN"),
            BadInput(presence, at: "\(v3)/presence/{me}/status", body: "{}", 400, "M_MISSING_PARAM"),
            BadInput(presence, at: "\(v3)/presence/{me}/status", body: #"{"presence":"here"}"#, 400, "M_INVALID_PARAM"),
            BadInput(
                presence, at: "\(v3)/presence/{other}/status", body: #"{"presence":"online"}"#, 403, "M_FORBIDDEN"),
            BadInput(
                presence, at: "\(v3)/presence/{me}/status",
                body: #"{"presence":"online","status_msg":"\#(String(repeating: "x", count: 1_025))"}"#, 400,
                "M_INVALID_PARAM"),
            BadInput(receipt, at: "\(v3)/rooms/{room}/receipt/odd/{event}", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(receipt, at: "\(v3)/rooms/{room}/receipt/m.read/none", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(
                receipt, at: "\(v3)/rooms/{room}/receipt/m.read/{event}", body: #"{"thread_id":""}"#, 400,
                "M_INVALID_PARAM"),
            BadInput(receipt, at: "\(v3)/rooms/{room}/receipt/m.read/$none", body: "{}", 404, "M_NOT_FOUND"),
            BadInput(receipt, at: "\(v3)/rooms/!none/receipt/m.read/{event}", body: "{}", 403, "M_FORBIDDEN"),
            BadInput(markers, at: "\(v3)/rooms/{room}/read_markers", body: #"{"m.read":7}"#, 400, "M_BAD_JSON"),
            BadInput(
                markers, at: "\(v3)/rooms/{room}/read_markers", body: #"{"m.fully_read":"$none"}"#, 404, "M_NOT_FOUND"),
            BadInput(markers, at: "\(v3)/rooms/!none/read_markers", body: "{}", 403, "M_FORBIDDEN"),
            BadInput(newFilter, at: "\(v3)/user/{other}/filter", body: "{}", 403, "M_FORBIDDEN"),
            BadInput(newFilter, at: "\(v3)/user/{me}/filter", body: #"{"room":[]}"#, 400, "M_BAD_JSON"),
            BadInput(
                newFilter, at: "\(v3)/user/{me}/filter", body: #"{"presence":{"senders":["x"]}}"#, 400,
                "M_INVALID_PARAM"),
            BadInput(oldFilter, at: "\(v3)/user/{me}/filter/x", 404, "M_NOT_FOUND"),
            BadInput(oldFilter, at: "\(v3)/user/{other}/filter/1", 403, "M_FORBIDDEN"),
        ]

    private static let v1 = "/_matrix/client/v1"
    private static let related = "GET \(v1)/rooms/{roomId}/relations/{eventId}"
    private static let relatedPath = "\(v1)/rooms/{room}/relations/{event}"
    private static let threads = "GET \(v1)/rooms/{roomId}/threads"

    private static let search = "POST \(v3)/search"

    private static let messages: [BadInput] =
        badBodies(search, at: "\(v3)/search") + unauthorised(search, at: "\(v3)/search")
        + [
            (#"{}"#, "M_MISSING_PARAM"), (#"{"search_categories":7}"#, "M_BAD_JSON"),
            (#"{"search_categories":{"room_events":7}}"#, "M_BAD_JSON"),
            (#"{"search_categories":{"room_events":{}}}"#, "M_MISSING_PARAM"),
            (#"{"search_categories":{"room_events":{"search_term":7}}}"#, "M_BAD_JSON"),
            (#"{"search_categories":{"room_events":{"search_term":"a","keys":["odd"]}}}"#, "M_INVALID_PARAM"),
            (#"{"search_categories":{"room_events":{"search_term":"a","keys":[7]}}}"#, "M_INVALID_PARAM"),
            (#"{"search_categories":{"room_events":{"search_term":"a","order_by":"odd"}}}"#, "M_INVALID_PARAM"),
            (#"{"search_categories":{"room_events":{"search_term":"a","filter":[]}}}"#, "M_BAD_JSON"),
            (
                #"{"search_categories":{"room_events":{"search_term":"a","groupings":{"group_by":[{"key":"x"}]}}}}"#,
                "M_INVALID_PARAM"
            ),
            (
                #"{"search_categories":{"room_events":{"search_term":"a","event_context":{"before_limit":-1}}}}"#,
                "M_INVALID_PARAM"
            ),
        ].map { BadInput(search, at: "\(v3)/search", body: $0.0, 400, $0.1) }
        + [
            BadInput(
                search, at: "\(v3)/search?next_batch=garbage",
                body: #"{"search_categories":{"room_events":{"search_term":"a"}}}"#, 400, "M_INVALID_PARAM")
        ]
        + unauthorised("GET \(v3)/notifications", at: "\(v3)/notifications")
        + ["limit=x", "limit=0", "from=garbage", "from=n1_x"].map {
            BadInput("GET \(v3)/notifications", at: "\(v3)/notifications?\($0)", 400, "M_INVALID_PARAM")
        } + [
            read("initialSync", "", room: "!none", 403, "M_FORBIDDEN"),
            read("initialSync", "", room: "none", 400, "M_INVALID_PARAM"),
        ]
        + relations

    private static let relations: [BadInput] =
        unauthorised(related, at: relatedPath) + unauthorised(threads, at: "\(v1)/rooms/{room}/threads")
        + unauthorised("\(related)/{relType}", at: "\(relatedPath)/m.thread")
        + unauthorised("\(related)/{relType}/{eventType}", at: "\(relatedPath)/m.thread/m.room.message")
        + ["limit=x", "limit=0", "limit=-1", "dir=x", "recurse=perhaps", "from=garbage", "to=garbage"].map {
            BadInput(related, at: "\(relatedPath)?\($0)", 400, "M_INVALID_PARAM")
        }
        + ["limit=x", "limit=0", "include=odd", "from=garbage"].map {
            BadInput(threads, at: "\(v1)/rooms/{room}/threads?\($0)", 400, "M_INVALID_PARAM")
        } + [
            BadInput(related, at: "\(v1)/rooms/{room}/relations/$none", 404, "M_NOT_FOUND"),
            BadInput(related, at: "\(v1)/rooms/{room}/relations/none", 400, "M_INVALID_PARAM"),
            BadInput(related, at: "\(v1)/rooms/!none/relations/{event}", 404, "M_NOT_FOUND"),
            BadInput("\(related)/{relType}", at: "\(v1)/rooms/{room}/relations/$none/m.thread", 404, "M_NOT_FOUND"),
            BadInput(
                "\(related)/{relType}/{eventType}", at: "\(v1)/rooms/{room}/relations/$none/m.thread/m.x", 404,
                "M_NOT_FOUND"),
            BadInput(threads, at: "\(v1)/rooms/!none/threads", 403, "M_FORBIDDEN"),
            BadInput(threads, at: "\(v1)/rooms/none/threads", 400, "M_INVALID_PARAM"),
            BadInput(
                receipt, at: "\(v3)/rooms/{room}/receipt/m.read/{event}", body: #"{"thread_id":"$other"}"#, 400,
                "M_INVALID_PARAM"),
        ]
}
