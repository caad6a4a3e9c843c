/// Bad requests for the endpoints that make rooms, join them, write to them and read them.
extension BadInputTable {
    static let rooms: [BadInput] =
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

    static let membership: [BadInput] =
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
    private static let loneSurrogate = "{\"body\":\"\\ud800\"}"
    private static let duplicateKey = "{\"a\":1,\"a\":2}"
    private static let redactEndpoint = "PUT \(v3)/rooms/{roomId}/redact/{eventId}/{txnId}"

    static let events: [BadInput] =
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

    private static let keyed = "\(v3)/rooms/{roomId}/state/{eventType}/{stateKey}"
    private static let unkeyed = "\(v3)/rooms/{roomId}/state/{eventType}"

    static let state: [BadInput] =
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
}
