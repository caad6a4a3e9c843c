/// Bad requests for the endpoints that make accounts, log in and out, and list devices.
extension BadInputTable {
    static let accounts: [BadInput] =
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

    static let devices: [BadInput] =
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
}
