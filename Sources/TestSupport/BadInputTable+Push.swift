extension BadInputTable {
    private static let rule = "\(v3)/pushrules/global/{kind}/{ruleId}"
    private static let ofContent = "\(v3)/pushrules/global/content/x"
    private static let pusher =
        #""app_id":"a","pushkey":"k","kind":"http","app_display_name":"a","device_display_name":"d","lang":"en""#
    private static let gateway = #""data":{"url":"https://push.example/_matrix/push/v1/notify"}"#

    static let push: [BadInput] =
        unauthorised("GET \(v3)/pushrules/", at: "\(v3)/pushrules/")
        + unauthorised("GET \(v3)/pushrules/global/", at: "\(v3)/pushrules/global/")
        + unauthorised("GET \(v3)/pushers", at: "\(v3)/pushers") + ruleRows
        + badBodies("POST \(v3)/pushers/set", at: "\(v3)/pushers/set")
        + unauthorised("POST \(v3)/pushers/set", at: "\(v3)/pushers/set")
        + [
            ("{}", "M_MISSING_PARAM"), (#"{"app_id":"a"}"#, "M_MISSING_PARAM"), (#"{"app_id":7}"#, "M_BAD_JSON"),
            (#"{"app_id":"a","pushkey":"k"}"#, "M_MISSING_PARAM"),
            (#"{"app_id":"a","pushkey":"k","kind":7}"#, "M_BAD_JSON"),
            (#"{"app_id":"a","pushkey":"k","kind":"pigeon"}"#, "M_INVALID_PARAM"),
            (#"{"app_id":"a","pushkey":"k","kind":"http"}"#, "M_MISSING_PARAM"),
            (#"{"app_id":"","pushkey":"k","kind":null}"#, "M_INVALID_PARAM"),
            ("{\"app_id\":\"\(long)\",\"pushkey\":\"k\",\"kind\":null}", "M_INVALID_PARAM"),
            ("{\"app_id\":\"a\",\"pushkey\":\"\(long)\(long)\",\"kind\":null}", "M_INVALID_PARAM"),
            ("{\(pusher)}", "M_MISSING_PARAM"), ("{\(pusher),\"data\":{}}", "M_MISSING_PARAM"),
            ("{\(pusher),\"data\":{\"url\":7}}", "M_BAD_JSON"),
            ("{\(pusher),\(gateway),\"append\":7}", "M_BAD_JSON"),
            // The servers under test send no mail.
            ("{\(pusher),\"data\":{}}".replacing("http", with: "email"), "M_INVALID_PARAM"),
        ].map { BadInput("POST \(v3)/pushers/set", at: "\(v3)/pushers/set", body: $0, 400, $1) }
        + [
            "http://push.example/_matrix/push/v1/notify", "https://push.example/other",
            "https:///_matrix/push/v1/notify",
            "https://user@push.example/_matrix/push/v1/notify", "ftp://x", "",
        ].map {
            BadInput(
                "POST \(v3)/pushers/set", at: "\(v3)/pushers/set", body: "{\(pusher),\"data\":{\"url\":\"\($0)\"}}",
                400,
                "M_INVALID_PARAM")
        }

    private static let ruleRows: [BadInput] =
        namedRows + changeRows + refusedRules + [
            BadInput("PUT \(rule)/enabled", at: "\(ofContent)/enabled", body: #"{"enabled":1}"#, 400, "M_BAD_JSON"),
            BadInput("PUT \(rule)/actions", at: "\(ofContent)/actions", body: #"{"actions":{}}"#, 400, "M_BAD_JSON"),
        ]

    private static let namedRows: [BadInput] = [("GET", ""), ("DELETE", ""), ("GET", "/enabled"), ("GET", "/actions")]
        .flatMap { (method: String, rest: String) -> [BadInput] in
            let endpoint = "\(method) \(rule)\(rest)"
            var rows = [
                BadInput(endpoint, at: "\(v3)/pushrules/global/odd/x\(rest)", 400, "M_INVALID_PARAM"),
                BadInput(endpoint, at: "\(v3)/pushrules/global/content/a%00\(rest)", 400, "M_INVALID_PARAM"),
            ]
            // Removing is for the user's writer to refuse.
            if method == "GET" { rows.append(BadInput(endpoint, at: "\(ofContent)\(rest)", 404, "M_NOT_FOUND")) }
            return rows + unauthorised(endpoint, at: "\(ofContent)\(rest)")
        }

    private static let changeRows: [BadInput] = ["", "/enabled", "/actions"].flatMap { (rest: String) -> [BadInput] in
        var rows = badBodies("PUT \(rule)\(rest)", at: "\(ofContent)\(rest)")
        rows += unauthorised("PUT \(rule)\(rest)", at: "\(ofContent)\(rest)")
        rows.append(BadInput("PUT \(rule)\(rest)", at: "\(ofContent)\(rest)", body: "{}", 400, "M_MISSING_PARAM"))
        return rows
    }

    private static let refusedRules: [BadInput] = [
        ("content/x", #"{"actions":7}"#, "M_BAD_JSON"), ("content/x", #"{"actions":[7]}"#, "M_BAD_JSON"),
        ("content/x", #"{"actions":[]}"#, "M_MISSING_PARAM"),
        ("content/x", #"{"actions":[],"pattern":7}"#, "M_BAD_JSON"),
        ("override/x", #"{"actions":[],"conditions":[7]}"#, "M_BAD_JSON"),
        ("override/.m.rule.mine", #"{"actions":[]}"#, "M_INVALID_PARAM"),
        ("override/a%2Fb", #"{"actions":[]}"#, "M_INVALID_PARAM"),
        ("odd/x", #"{"actions":[]}"#, "M_INVALID_PARAM"),
        ("override/\(long)\(long)\(long)\(long)", #"{"actions":[]}"#, "M_INVALID_PARAM"),
    ].map { (path: String, body: String, errcode: String) -> BadInput in
        BadInput("PUT \(rule)", at: "\(v3)/pushrules/global/\(path)", body: body, 400, errcode)
    }
}
