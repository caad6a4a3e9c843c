/// Bad requests for the endpoints about the server, other ways to log in, and what belongs to accounts.
extension BadInputTable {
    private static let rtcTransports = "/_matrix/client/unstable/org.matrix.msc4143/rtc/transports"

    static let discovery: [BadInput] =
        [
            BadInput("GET /_matrix/client/versions", at: "/_matrix/client/versions/x", 404, "M_UNRECOGNIZED"),
            BadInput("GET /.well-known/matrix/client", at: "/.well-known/matrix/client/x", 404, "M_UNRECOGNIZED"),
            BadInput("GET /.well-known/matrix/support", at: "/.well-known/matrix/support", 404, "M_NOT_FOUND"),
            BadInput(
                "GET /.well-known/matrix/policy_server", at: "/.well-known/matrix/policy_server", 404, "M_NOT_FOUND"),
            BadInput("GET \(v3)/voip/turnServer", at: "\(v3)/voip/turnServer", 404, "M_NOT_FOUND"),
        ] + unauthorised("GET \(rtcTransports)", at: rtcTransports)
        + unauthorised("GET \(v3)/capabilities", at: "\(v3)/capabilities")
        + unauthorised("GET \(v3)/voip/turnServer", at: "\(v3)/voip/turnServer")

    static let authentication: [BadInput] =
        unauthorised("POST /_matrix/client/v1/login/get_token", at: "/_matrix/client/v1/login/get_token")
        + badBodies("POST /_matrix/client/v1/login/get_token", at: "/_matrix/client/v1/login/get_token")
        + badBodies("POST \(v3)/account/deactivate", at: "\(v3)/account/deactivate", token: .absent)
        + unauthorised(
            "POST \(v3)/user/{userId}/openid/request_token", at: "\(v3)/user/{me}/openid/request_token")
        + [
            BadInput(
                "POST \(v3)/account/deactivate", at: "\(v3)/account/deactivate", body: "{}", token: .unknown, 401,
                "M_UNKNOWN_TOKEN"),
            BadInput(
                "POST \(v3)/account/deactivate", at: "\(v3)/account/deactivate", body: #"{"erase":"yes"}"#,
                token: .absent, 400, "M_BAD_JSON"),
            BadInput(
                "POST \(v3)/account/deactivate", at: "\(v3)/account/deactivate",
                body: #"{"auth":{"type":"m.login.password","user":"nobody","password":"x"}}"#, token: .absent, 401,
                "M_FORBIDDEN"),
            BadInput(
                "POST /_matrix/client/v1/login/get_token", at: "/_matrix/client/v1/login/get_token",
                body: #"{"auth":{"type":"m.login.password","password":"x"}}"#, 400, "M_MISSING_PARAM"),
            BadInput(
                "POST \(v3)/user/{userId}/openid/request_token", at: "\(v3)/user/{other}/openid/request_token",
                body: "{}", 403, "M_FORBIDDEN"),
            BadInput(
                "POST \(v3)/user/{userId}/openid/request_token", at: "\(v3)/user/nobody/openid/request_token",
                body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(
                "GET /_matrix/federation/v1/openid/userinfo", at: "/_matrix/federation/v1/openid/userinfo",
                token: .absent, 401, "M_MISSING_TOKEN"),
            BadInput(
                "GET /_matrix/federation/v1/openid/userinfo",
                at: "/_matrix/federation/v1/openid/userinfo?access_token=nonsense", token: .absent, 401,
                "M_UNKNOWN_TOKEN"),
            login(#"{"type":"m.login.token"}"#, 400, "M_MISSING_PARAM"),
            login(#"{"type":"m.login.token","token":"nonsense"}"#, 403, "M_FORBIDDEN"),
            login(#"{"type":"m.login.application_service"}"#, 401, "M_MISSING_TOKEN"),
            register(#"{"username":"x","guest_access_token":"nonsense"}"#, 401, "M_UNKNOWN_TOKEN"),
        ]

    static let contacts: [BadInput] =
        unauthorised("GET \(v3)/account/3pid", at: "\(v3)/account/3pid")
        + ["add", "bind", "unbind", "delete", ""].flatMap { name in
            let path = "\(v3)/account/3pid" + (name.isEmpty ? "" : "/\(name)")
            return unauthorised("POST \(path)", at: path) + badBodies("POST \(path)", at: path)
                + [BadInput("POST \(path)", at: path, body: "{}", 400, "M_MISSING_PARAM")]
        }
        + ["delete", "unbind"].map { name in
            let path = "\(v3)/account/3pid/\(name)"
            return BadInput(
                "POST \(path)", at: path, body: #"{"medium":"pigeon","address":"x"}"#, 400, "M_INVALID_PARAM")
        }
        + ["register", "account/3pid", "account/password"].flatMap { name in
            let email = "\(v3)/\(name)/email/requestToken"
            let phone = "\(v3)/\(name)/msisdn/requestToken"
            func ask(_ body: String, _ errcode: String) -> BadInput {
                BadInput("POST \(email)", at: email, body: body, token: .absent, 400, errcode)
            }
            return badBodies("POST \(email)", at: email, token: .absent)
                + badBodies("POST \(phone)", at: phone, token: .absent)
                + [
                    ask("{}", "M_MISSING_PARAM"),
                    ask(#"{"client_secret":"a b","email":"a@b.c","send_attempt":1}"#, "M_INVALID_PARAM"),
                    ask(#"{"client_secret":"a","email":"a\u0000@b.c","send_attempt":1}"#, "M_INVALID_PARAM"),
                    ask(#"{"client_secret":"a","email":"a@b.c","send_attempt":-1}"#, "M_INVALID_PARAM"),
                    ask(
                        #"{"client_secret":"a","email":"a@b.c","send_attempt":1,"next_link":"javascript:1"}"#,
                        "M_INVALID_PARAM"),
                    BadInput("POST \(phone)", at: phone, body: "{}", token: .absent, 400, "M_MISSING_PARAM"),
                ]
        }
        + [
            BadInput(
                "POST \(v3)/account/3pid/bind", at: "\(v3)/account/3pid/bind",
                body: #"{"client_secret":"s","sid":"x","id_server":"no server","id_access_token":"x"}"#, 400,
                "M_INVALID_PARAM"),
            BadInput("GET \(emailPage)", at: emailPage, token: .absent, 400, "M_MISSING_PARAM"),
            BadInput("POST \(emailPage)", at: emailPage, body: "sid=%", token: .absent, 400, "M_INVALID_PARAM"),
            BadInput("POST \(emailPage)", at: emailPage, body: "sid=a", token: .absent, 400, "M_MISSING_PARAM"),
        ]

    private static let meeting = "/_matrix/client/unstable/io.element.msc4388/rendezvous"
    private static let byteMeeting = "/_matrix/client/unstable/org.matrix.msc4108/rendezvous"
    private static let tooMuch = String(repeating: "x", count: 4_097)

    /// Meeting places of devices; what comes with headers is in a suite of its own.
    static let rendezvous: [BadInput] =
        badBodies("POST \(meeting)", at: meeting, token: .absent)
        + badBodies("PUT \(meeting)/{rendezvousId}", at: "\(meeting)/none", token: .absent)
        + [
            BadInput("GET \(meeting)", at: meeting, token: .unknown, 401, "M_UNKNOWN_TOKEN"),
            BadInput("POST \(meeting)", at: meeting, body: #"{"data":""}"#, token: .unknown, 401, "M_UNKNOWN_TOKEN"),
            BadInput("POST \(meeting)", at: meeting, body: "{}", token: .absent, 400, "M_MISSING_PARAM"),
            BadInput("POST \(meeting)", at: meeting, body: #"{"data":7}"#, token: .absent, 400, "M_BAD_JSON"),
            BadInput(
                "POST \(meeting)", at: meeting, body: #"{"data":"\#(tooMuch)"}"#, token: .absent, 413, "M_TOO_LARGE"),
            BadInput("GET \(meeting)/{rendezvousId}", at: "\(meeting)/none", token: .absent, 404, "M_NOT_FOUND"),
            BadInput("GET \(meeting)/{rendezvousId}", at: "\(meeting)/a%00", token: .absent, 404, "M_NOT_FOUND"),
            BadInput("DELETE \(meeting)/{rendezvousId}", at: "\(meeting)/none", token: .absent, 404, "M_NOT_FOUND"),
            BadInput(
                "PUT \(meeting)/{rendezvousId}", at: "\(meeting)/none", body: "{}", token: .absent, 400,
                "M_MISSING_PARAM"),
            BadInput(
                "PUT \(meeting)/{rendezvousId}", at: "\(meeting)/none",
                body: #"{"sequence_token":"\u0000","data":"x"}"#, token: .absent, 404, "M_NOT_FOUND"),
            BadInput("POST \(byteMeeting)", at: byteMeeting, token: .unknown, 401, "M_UNKNOWN_TOKEN"),
            BadInput("POST \(byteMeeting)", at: byteMeeting, token: .absent, 400, "M_MISSING_PARAM"),
            BadInput(
                "GET \(byteMeeting)/{rendezvousId}", at: "\(byteMeeting)/none", token: .absent, 404, "M_NOT_FOUND"),
            BadInput(
                "PUT \(byteMeeting)/{rendezvousId}", at: "\(byteMeeting)/none", body: "x", token: .absent, 400,
                "M_MISSING_PARAM"),
            BadInput(
                "DELETE \(byteMeeting)/{rendezvousId}", at: "\(byteMeeting)/none", token: .absent, 404,
                "M_NOT_FOUND"),
        ]

    private static let emailPage = "/_matrix/client/unstable/apus/email/validate"

    /// These answer in OAuth's own form, or with pages: their refusals have suites of their own.
    static let oauth: [BadInput] = [
        "GET /_matrix/client/v1/auth_metadata", "GET /_matrix/client/unstable/org.matrix.msc2965/auth_metadata",
        "POST /oauth2/register", "POST /oauth2/token", "POST /oauth2/revoke", "POST /oauth2/device",
        "GET /oauth2/authorize", "POST /oauth2/authorize", "GET /oauth2/link", "POST /oauth2/link",
        "GET /oauth2/login", "POST /oauth2/login", "POST /oauth2/logout", "GET /oauth2/signup", "POST /oauth2/signup",
        "GET /oauth2/account", "POST /oauth2/account/profile", "POST /oauth2/account/device",
        "POST /oauth2/account/password", "POST /oauth2/account/deactivate", "POST /oauth2/account/reset",
        "GET /oauth2/sso", "POST /oauth2/sso", "GET /oauth2/upstream", "GET /oauth2/upstream/callback",
        "POST /oauth2/upstream/signup", "GET \(v3)/login/sso/redirect", "GET \(v3)/login/sso/redirect/{idpId}",
        "GET \(v3)/auth/{authType}/fallback/web", "POST \(v3)/auth/{authType}/fallback/web",
        "GET /_matrix/client/unstable/apus/email/unsubscribe", "POST /_matrix/client/unstable/apus/email/unsubscribe",
    ].map { endpoint in
        let path = endpoint.drop { $0 != " " }.dropFirst().replacing("{idpId}", with: "a")
            .replacing("{authType}", with: "a")
        return BadInput(endpoint, at: "\(path)/x/y", token: .absent, 404, "M_UNRECOGNIZED")
    }

    static let administration: [BadInput] =
        ["suspend", "lock"].flatMap { name in
            let path = "/_matrix/client/v1/admin/\(name)/{other}"
            let endpoint = "/_matrix/client/v1/admin/\(name)/{userId}"
            return unauthorised("GET \(endpoint)", at: path) + unauthorised("PUT \(endpoint)", at: path)
                + badBodies("PUT \(endpoint)", at: path)
                + [
                    BadInput("GET \(endpoint)", at: path, 403, "M_FORBIDDEN"),
                    BadInput("PUT \(endpoint)", at: path, body: "{}", 403, "M_FORBIDDEN"),
                    BadInput(
                        "GET \(endpoint)", at: "/_matrix/client/v1/admin/\(name)/nobody", 400, "M_INVALID_PARAM"),
                ]
        }
        + unauthorised("GET \(v3)/admin/whois/{userId}", at: "\(v3)/admin/whois/{me}")
        + [BadInput("GET \(v3)/admin/whois/{userId}", at: "\(v3)/admin/whois/{other}", 403, "M_FORBIDDEN")]
}
