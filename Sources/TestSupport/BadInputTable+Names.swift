/// Bad requests for the endpoints of rooms' aliases and users' profiles.
extension BadInputTable {
    private static let directory = "\(v3)/directory/room/{roomAlias}"

    static let aliases: [BadInput] =
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

    static let profiles: [BadInput] =
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
}
