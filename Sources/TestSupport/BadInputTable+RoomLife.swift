/// Bad requests for the endpoints about rooms beyond chat.
extension BadInputTable {
    static let roomLife: [BadInput] = [
        knocks, upgrades, summaries, hierarchies, listings, lists, searches, userSearches, mutualRooms, reports,
        otherReports, times, serverLists, thirdPartyJoins, delays, badDelays, putDelays, stickiness,
        singleEvents, addressInvites, threadSubscriptions,
    ].flatMap { $0 }

    /// The same endpoint and path with bodies that get a 400.
    private static func bodies(
        _ endpoint: String, at path: String, token: BadInput.Token = .valid, _ bodies: [(String, String)]
    ) -> [BadInput] {
        bodies.map { body, errcode in BadInput(endpoint, at: path, body: body, token: token, 400, errcode) }
    }

    private static let anywhere = "GET \(v3)/events/{eventId}"

    private static let singleEvents: [BadInput] =
        unauthorised(anywhere, at: "\(v3)/events/$x")
        + [
            BadInput(anywhere, at: "\(v3)/events/$none", 404, "M_NOT_FOUND"),
            BadInput(anywhere, at: "\(v3)/events/$a%00", 400, "M_INVALID_PARAM"),
            BadInput(anywhere, at: "\(v3)/events/none", 400, "M_INVALID_PARAM"),
        ]

    private static let subscription =
        "/_matrix/client/unstable/io.element.msc4306/rooms/{roomId}/thread/{threadRootId}/subscription"
    private static let subscriptions = "/_matrix/client/unstable/io.element.msc4308/thread_subscriptions"

    private static let threadSubscriptions: [BadInput] =
        ["GET", "PUT", "DELETE"].flatMap { method -> [BadInput] in
            let endpoint = "\(method) \(subscription)"
            func path(_ root: String) -> String {
                "/_matrix/client/unstable/io.element.msc4306/rooms/{room}/thread/\(root)/subscription"
            }
            return unauthorised(endpoint, at: path("$x")) + [
                BadInput(endpoint, at: path("$none"), 404, "M_NOT_FOUND"),
                BadInput(endpoint, at: path("none"), 400, "M_INVALID_PARAM"),
            ]
        }
        + unauthorised("GET \(subscriptions)", at: subscriptions)
        + ["dir=f", "from=x", "to=x", "limit=x"].map {
            BadInput("GET \(subscriptions)", at: "\(subscriptions)?\($0)", 400, "M_INVALID_PARAM")
        }

    private static let byAddress =
        #"{"id_server":"i.example","id_access_token":"x","medium":"email","address":"a@b.c"}"#

    /// Invites by addresses; nothing leaves this server for them.
    private static let addressInvites: [BadInput] =
        bodies(
            "POST \(v3)/rooms/{roomId}/invite", at: "\(v3)/rooms/{room}/invite",
            [
                (#"{"medium":"email"}"#, "M_MISSING_PARAM"),
                (#"{"medium":"email","id_server":"i.example","id_access_token":"x"}"#, "M_MISSING_PARAM"),
                (byAddress.replacing("email", with: "pigeon"), "M_INVALID_PARAM"),
                (byAddress.replacing("i.example", with: "no server"), "M_INVALID_PARAM"),
                (byAddress.replacing("a@b.c", with: ""), "M_INVALID_PARAM"),
            ])
        + [
            BadInput(
                "POST \(v3)/rooms/{roomId}/invite", at: "\(v3)/rooms/!none/invite", body: byAddress, 403, "M_FORBIDDEN")
        ]
        + bodies(
            "POST \(v3)/createRoom", at: "\(v3)/createRoom",
            [
                (#"{"invite_3pid":7}"#, "M_BAD_JSON"), (#"{"invite_3pid":[7]}"#, "M_BAD_JSON"),
                (#"{"invite_3pid":[{}]}"#, "M_MISSING_PARAM"),
                (
                    "{\"invite_3pid\":[\(Array(repeating: byAddress, count: 21).joined(separator: ","))]}",
                    "M_INVALID_PARAM"
                ),
            ])

    // MARK: Knocking and upgrades

    private static let knock = "POST \(v3)/knock/{roomIdOrAlias}"

    private static let knocks: [BadInput] =
        unauthorised(knock, at: "\(v3)/knock/!none")
        + [
            BadInput(knock, at: "\(v3)/knock/none", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(knock, at: "\(v3)/knock/!none", body: "{}", 404, "M_NOT_FOUND"),
            BadInput(knock, at: "\(v3)/knock/%23none:nowhere", body: "{}", 404, "M_NOT_FOUND"),
            BadInput(knock, at: "\(v3)/knock/{room}", body: #"{"reason":7}"#, 400, "M_BAD_JSON"),
        ]

    private static let upgrade = "POST \(v3)/rooms/{roomId}/upgrade"
    private static let upgradePath = "\(v3)/rooms/{room}/upgrade"

    private static let upgrades: [BadInput] =
        badBodies(upgrade, at: upgradePath) + unauthorised(upgrade, at: upgradePath)
        + bodies(
            upgrade, at: upgradePath,
            [
                ("{}", "M_MISSING_PARAM"), (#"{"new_version":12}"#, "M_BAD_JSON"),
                (#"{"new_version":"99"}"#, "M_UNSUPPORTED_ROOM_VERSION"),
                (#"{"new_version":"12","additional_creators":["x"]}"#, "M_INVALID_PARAM"),
            ])
        + [BadInput(upgrade, at: "\(v3)/rooms/!none/upgrade", body: #"{"new_version":"12"}"#, 403, "M_FORBIDDEN")]

    // MARK: Looking into rooms

    private static let summaryPaths = [
        "/_matrix/client/v1/room_summary/{roomIdOrAlias}",
        "/_matrix/client/unstable/im.nheko.summary/summary/{roomIdOrAlias}",
        "/_matrix/client/unstable/im.nheko.summary/rooms/{roomIdOrAlias}/summary",
    ]

    private static let summaries: [BadInput] = summaryPaths.flatMap { path -> [BadInput] in
        func at(_ room: String) -> String { path.replacing("{roomIdOrAlias}", with: room) }
        return [
            BadInput("GET \(path)", at: at("!none"), token: .absent, 401, "M_MISSING_TOKEN"),
            BadInput("GET \(path)", at: at("!none"), 404, "M_NOT_FOUND"),
            BadInput("GET \(path)", at: at("%23none:nowhere"), 404, "M_NOT_FOUND"),
            BadInput("GET \(path)", at: at("none"), 400, "M_INVALID_PARAM"),
        ]
    }

    private static let hierarchy = "GET /_matrix/client/v1/rooms/{roomId}/hierarchy"
    private static let hierarchyPath = "/_matrix/client/v1/rooms/{room}/hierarchy"
    private static let hierarchyQueries = [
        "limit=0", "limit=x", "max_depth=-1", "max_depth=x", "suggested_only=perhaps", "from=garbage",
        "from=h1_1_20_1", "from=h1_1_5_0", "from=h1_9999999_20_0",
    ]

    private static let hierarchies: [BadInput] =
        unauthorised(hierarchy, at: hierarchyPath)
        + hierarchyQueries.map { BadInput(hierarchy, at: "\(hierarchyPath)?\($0)", 400, "M_INVALID_PARAM") }
        + [
            BadInput(hierarchy, at: "/_matrix/client/v1/rooms/!none/hierarchy", 403, "M_FORBIDDEN"),
            BadInput(hierarchy, at: "/_matrix/client/v1/rooms/none/hierarchy", 400, "M_INVALID_PARAM"),
        ]

    // MARK: The room directory

    private static let listing = "\(v3)/directory/list/room/{roomId}"
    private static let ownListing = "\(v3)/directory/list/room/{room}"

    private static let listings: [BadInput] =
        badBodies("PUT \(listing)", at: ownListing) + unauthorised("PUT \(listing)", at: ownListing)
        + bodies(
            "PUT \(listing)", at: ownListing,
            [(#"{"visibility":"odd"}"#, "M_INVALID_PARAM"), (#"{"visibility":7}"#, "M_BAD_JSON")])
        + [
            BadInput("GET \(listing)", at: "\(v3)/directory/list/room/!none", token: .absent, 404, "M_NOT_FOUND"),
            BadInput("GET \(listing)", at: "\(v3)/directory/list/room/none", token: .absent, 400, "M_INVALID_PARAM"),
            BadInput("PUT \(listing)", at: "\(v3)/directory/list/room/!none", body: "{}", 404, "M_NOT_FOUND"),
        ]

    private static let list = "GET \(v3)/publicRooms"
    private static let listQueries = ["limit=x", "limit=0", "since=garbage", "since=d1_1_x", "server=%00"]

    private static let lists: [BadInput] =
        listQueries.map { BadInput(list, at: "\(v3)/publicRooms?\($0)", token: .absent, 400, "M_INVALID_PARAM") }
        + [BadInput(list, at: "\(v3)/publicRooms?server=else.where", token: .absent, 403, "M_FORBIDDEN")]

    private static let search = "POST \(v3)/publicRooms"

    private static let searches: [BadInput] =
        badBodies(search, at: "\(v3)/publicRooms") + unauthorised(search, at: "\(v3)/publicRooms")
        + bodies(
            search, at: "\(v3)/publicRooms",
            [
                (#"{"limit":"x"}"#, "M_BAD_JSON"), (#"{"limit":-1}"#, "M_INVALID_PARAM"),
                (#"{"filter":7}"#, "M_BAD_JSON"), (#"{"filter":{"generic_search_term":7}}"#, "M_BAD_JSON"),
                (#"{"filter":{"room_types":[7]}}"#, "M_BAD_JSON"), (#"{"since":"garbage"}"#, "M_INVALID_PARAM"),
            ])
        + [BadInput(search, at: "\(v3)/publicRooms?server=else.where", body: "{}", 403, "M_FORBIDDEN")]

    // MARK: People

    private static let userSearch = "POST \(v3)/user_directory/search"
    private static let userSearchPath = "\(v3)/user_directory/search"

    private static let userSearches: [BadInput] =
        badBodies(userSearch, at: userSearchPath) + unauthorised(userSearch, at: userSearchPath)
        + bodies(
            userSearch, at: userSearchPath,
            [
                (#"{}"#, "M_MISSING_PARAM"), (#"{"search_term":7}"#, "M_BAD_JSON"),
                (#"{"search_term":"x","limit":"1"}"#, "M_BAD_JSON"),
                (#"{"search_term":"x","limit":0}"#, "M_INVALID_PARAM"),
            ])

    private static let mutualRoomPaths = [
        ("/_matrix/client/v1/mutual_rooms", "from"),
        ("/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms", "batch_token"),
    ]

    private static let mutualRooms: [BadInput] = mutualRoomPaths.flatMap { path, token -> [BadInput] in
        [
            BadInput("GET \(path)", at: path, token: .absent, 401, "M_MISSING_TOKEN"),
            BadInput("GET \(path)", at: path, 400, "M_MISSING_PARAM"),
            BadInput("GET \(path)", at: "\(path)?user_id=x", 400, "M_INVALID_PARAM"),
            BadInput("GET \(path)", at: "\(path)?user_id={me}", 400, "M_INVALID_PARAM"),
            BadInput("GET \(path)", at: "\(path)?user_id={other}&\(token)=x", 400, "M_INVALID_PARAM"),
        ]
    }

    // MARK: Reports

    private static let reportPaths = [
        ("rooms/{roomId}/report", "rooms/{room}/report", true), ("users/{userId}/report", "users/{other}/report", true),
        ("rooms/{roomId}/report/{eventId}", "rooms/{room}/report/{event}", false),
    ]
    private static let longReason = "{\"reason\":\"\(String(repeating: "x", count: 10_001))\"}"

    private static let reports: [BadInput] = reportPaths.flatMap { path, example, needsReason -> [BadInput] in
        let endpoint = "POST \(v3)/\(path)"
        let at = "\(v3)/\(example)"
        var wrong = [(#"{"reason":7}"#, "M_BAD_JSON"), (longReason, "M_INVALID_PARAM")]
        if needsReason { wrong.append(("{}", "M_MISSING_PARAM")) }
        return badBodies(endpoint, at: at) + unauthorised(endpoint, at: at) + bodies(endpoint, at: at, wrong)
    }

    private static let otherReports: [BadInput] = [
        BadInput(
            "POST \(v3)/rooms/{roomId}/report", at: "\(v3)/rooms/!none/report", body: #"{"reason":""}"#, 404,
            "M_NOT_FOUND"),
        BadInput(
            "POST \(v3)/users/{userId}/report", at: "\(v3)/users/@none:test.example/report", body: #"{"reason":""}"#,
            404, "M_NOT_FOUND"),
        BadInput(
            "POST \(v3)/users/{userId}/report", at: "\(v3)/users/none/report", body: #"{"reason":""}"#, 400,
            "M_INVALID_PARAM"),
        BadInput(
            "POST \(v3)/rooms/{roomId}/report/{eventId}", at: "\(v3)/rooms/{room}/report/$none", body: "{}", 404,
            "M_NOT_FOUND"),
        BadInput(
            "POST \(v3)/rooms/{roomId}/report/{eventId}", at: "\(v3)/rooms/{room}/report/{event}",
            body: #"{"score":"bad"}"#, 400, "M_BAD_JSON"),
    ]

    // MARK: Events

    private static let byTime = "GET /_matrix/client/v1/rooms/{roomId}/timestamp_to_event"
    private static let byTimePath = "/_matrix/client/v1/rooms/{room}/timestamp_to_event"

    private static let times: [BadInput] =
        unauthorised(byTime, at: "\(byTimePath)?ts=1&dir=f")
        + [
            BadInput(byTime, at: "\(byTimePath)?dir=f", 400, "M_MISSING_PARAM"),
            BadInput(byTime, at: "\(byTimePath)?ts=1", 400, "M_MISSING_PARAM"),
            BadInput(byTime, at: "\(byTimePath)?ts=x&dir=f", 400, "M_INVALID_PARAM"),
            BadInput(byTime, at: "\(byTimePath)?ts=1&dir=x", 400, "M_INVALID_PARAM"),
            BadInput(byTime, at: "\(byTimePath)?ts=-9223372036854775808&dir=b", 404, "M_NOT_FOUND"),
            BadInput(byTime, at: "/_matrix/client/v1/rooms/!none/timestamp_to_event?ts=1&dir=f", 403, "M_FORBIDDEN"),
        ]

    private static let serverLists: [BadInput] = bodies(
        "PUT \(v3)/rooms/{roomId}/state/{eventType}", at: "\(v3)/rooms/{room}/state/m.room.server_acl",
        [
            (#"{"allow":"*"}"#, "M_BAD_JSON"), (#"{"allow":[7]}"#, "M_BAD_JSON"),
            (#"{"allow":["*"],"allow_ip_literals":"no"}"#, "M_BAD_JSON"), (#"{"allow":[]}"#, "M_INVALID_PARAM"),
            (#"{"allow":["*"],"deny":["*"]}"#, "M_INVALID_PARAM"),
        ])

    private static let join = "POST \(v3)/rooms/{roomId}/join"
    private static let joinPath = "\(v3)/rooms/{room}/join"
    private static func proof(of user: String) -> String {
        "{\"third_party_signed\":{\"sender\":\"{me}\",\"token\":\"t\",\"mxid\":\"\(user)\",\"signatures\":{}}}"
    }

    private static let thirdPartyJoins: [BadInput] =
        bodies(
            join, at: joinPath,
            [
                (#"{"third_party_signed":7}"#, "M_BAD_JSON"), (#"{"third_party_signed":{}}"#, "M_MISSING_PARAM"),
                (proof(of: "{other}"), "M_INVALID_PARAM"),
            ]) + [BadInput(join, at: joinPath, body: proof(of: "{me}"), 403, "M_FORBIDDEN")]

    // MARK: Delayed events

    private static let delayed = "/_matrix/client/unstable/org.matrix.msc4140/delayed_events"
    private static let updateDelayed = "POST \(delayed)/{delayId}"
    private static let actOnDelayed = "POST \(delayed)/{delayId}/{action}"

    private static let delays: [BadInput] =
        badBodies(updateDelayed, at: "\(delayed)/none", token: .absent) + unauthorised("GET \(delayed)", at: delayed)
        + unauthorised("GET \(delayed)/{delayId}", at: "\(delayed)/x")
        + bodies(
            updateDelayed, at: "\(delayed)/none", token: .absent,
            [
                ("{}", "M_MISSING_PARAM"), (#"{"action":7}"#, "M_BAD_JSON"), (#"{"action":"odd"}"#, "M_INVALID_PARAM"),
            ])
        + [
            BadInput("GET \(delayed)/{delayId}", at: "\(delayed)/none", 404, "M_NOT_FOUND"),
            BadInput("GET \(delayed)/{delayId}", at: "\(delayed)/a%00", 404, "M_NOT_FOUND"),
            BadInput(
                updateDelayed, at: "\(delayed)/none", body: #"{"action":"send"}"#, token: .absent, 404, "M_NOT_FOUND"),
            BadInput(actOnDelayed, at: "\(delayed)/none/cancel", token: .absent, 404, "M_NOT_FOUND"),
            BadInput(actOnDelayed, at: "\(delayed)/none/odd", token: .absent, 400, "M_INVALID_PARAM"),
        ]

    private static let putDelayed =
        "PUT /_matrix/client/unstable/org.matrix.msc4140/rooms/{roomId}/delayed_event/{eventType}/{txnId}"
    private static let putDelayedPath = "/_matrix/client/unstable/org.matrix.msc4140/rooms/{room}/delayed_event/m.x/1"

    private static let putDelays: [BadInput] =
        badBodies(putDelayed, at: putDelayedPath) + unauthorised(putDelayed, at: putDelayedPath)
        + bodies(
            putDelayed, at: putDelayedPath,
            [
                ("{}", "M_MISSING_PARAM"), (#"{"delay_ms":1}"#, "M_MISSING_PARAM"),
                (#"{"delay_ms":"1","content":{}}"#, "M_BAD_JSON"), (#"{"delay_ms":0,"content":{}}"#, "M_INVALID_PARAM"),
                (#"{"delay_ms":1,"content":7}"#, "M_BAD_JSON"), (#"{"delay_ms":1,"content":{"a":0.5}}"#, "M_BAD_JSON"),
                (#"{"delay_ms":1,"content":{},"state_key":7}"#, "M_BAD_JSON"),
                (#"{"delay_ms":1,"content":{},"state_key":"\#(long)"}"#, "M_INVALID_PARAM"),
            ])
        + [
            BadInput(
                putDelayed, at: putDelayedPath, body: #"{"delay_ms":99999999999,"content":{}}"#, 403, "M_FORBIDDEN"),
            BadInput(
                putDelayed, at: putDelayedPath.replacing("{room}", with: "!none"),
                body: #"{"delay_ms":1,"content":{}}"#, 403, "M_FORBIDDEN"),
        ]

    /// Events stick for an hour at most.
    private static let stickiness: [BadInput] = ["x", "-1", "3600001"].flatMap { duration -> [BadInput] in
        let query = "org.matrix.msc4354.sticky_duration_ms=\(duration)"
        return [
            BadInput(sendLater, at: "\(v3)/rooms/{room}/send/m.x/s?\(query)", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(setLater, at: "\(v3)/rooms/{room}/state/m.x?\(query)", body: "{}", 400, "M_INVALID_PARAM"),
        ]
    }

    private static let delayQuery = "org.matrix.msc4140.delay"
    private static let sendLater = "PUT \(v3)/rooms/{roomId}/send/{eventType}/{txnId}"
    private static let setLater = "PUT \(v3)/rooms/{roomId}/state/{eventType}"
    private static let wrongDelays = [
        ("x", "M_INVALID_PARAM"), ("-1", "M_INVALID_PARAM"), ("99999999999", "M_UNKNOWN"),
    ]

    private static let badDelays: [BadInput] =
        wrongDelays.flatMap { delay, errcode -> [BadInput] in
            let query = "\(delayQuery)=\(delay)"
            return [
                BadInput(sendLater, at: "\(v3)/rooms/{room}/send/m.x/d?\(query)", body: "{}", 400, errcode),
                BadInput(setLater, at: "\(v3)/rooms/{room}/state/m.x?\(query)", body: "{}", 400, errcode),
            ]
        } + [BadInput(sendLater, at: "\(v3)/rooms/!none/send/m.x/d?\(delayQuery)=1", body: "{}", 403, "M_FORBIDDEN")]
}
