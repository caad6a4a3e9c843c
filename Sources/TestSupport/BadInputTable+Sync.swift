extension BadInputTable {
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
}
