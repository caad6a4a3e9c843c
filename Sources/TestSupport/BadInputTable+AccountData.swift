extension BadInputTable {
    private static let globalData = "\(v3)/user/{userId}/account_data/{type}"
    private static let unstableData = "/_matrix/client/unstable/org.matrix.msc3391/user"
    private static let roomData = "\(v3)/user/{userId}/rooms/{roomId}/account_data/{type}"

    static let accountData: [BadInput] =
        badBodies("PUT \(globalData)", at: "\(v3)/user/{me}/account_data/m.x")
        + badBodies("PUT \(roomData)", at: "\(v3)/user/{me}/rooms/{room}/account_data/m.x")
        + [
            BadInput("PUT \(globalData)", at: "\(v3)/user/{other}/account_data/m.x", body: "{}", 403, "M_FORBIDDEN"),
            BadInput(
                "PUT \(globalData)", at: "\(v3)/user/{me}/account_data/m.push_rules", body: "{}", 405, "M_BAD_JSON"),
            BadInput(
                "PUT \(globalData)", at: "\(v3)/user/{me}/account_data/\(long)", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(
                "PUT \(roomData)", at: "\(v3)/user/{me}/rooms/{room}/account_data/m.fully_read", body: "{}", 405,
                "M_BAD_JSON"),
            BadInput(
                "PUT \(roomData)", at: "\(v3)/user/{me}/rooms/none/account_data/m.x", body: "{}", 400, "M_INVALID_PARAM"
            ),
            BadInput(
                "DELETE \(unstableData)/{userId}/account_data/{type}", at: "\(unstableData)/{other}/account_data/m.x",
                403,
                "M_FORBIDDEN"),
            BadInput(
                "DELETE \(unstableData)/{userId}/account_data/{type}",
                at: "\(unstableData)/{me}/account_data/m.push_rules", 405, "M_BAD_JSON"),
            BadInput(
                "DELETE \(unstableData)/{userId}/rooms/{roomId}/account_data/{type}",
                at: "\(unstableData)/{me}/rooms/none/account_data/m.x", 400, "M_INVALID_PARAM"),
            BadInput("GET \(globalData)", at: "\(v3)/user/{me}/account_data/m.none", 404, "M_NOT_FOUND"),
            BadInput("GET \(globalData)", at: "\(v3)/user/{other}/account_data/m.none", 403, "M_FORBIDDEN"),
            BadInput("GET \(roomData)", at: "\(v3)/user/{me}/rooms/{room}/account_data/m.none", 404, "M_NOT_FOUND"),
        ]

    private static let tagged = "\(v3)/user/{userId}/rooms/{roomId}/tags/{tag}"
    private static let ownTags = "\(v3)/user/{me}/rooms/{room}/tags"

    static let tags: [BadInput] =
        badBodies("PUT \(tagged)", at: "\(ownTags)/u.x") + unauthorised("PUT \(tagged)", at: "\(ownTags)/u.x")
        + [
            BadInput("PUT \(tagged)", at: "\(ownTags)/u.x", body: #"{"order":"first"}"#, 400, "M_BAD_JSON"),
            BadInput("PUT \(tagged)", at: "\(ownTags)/\(long)", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput("PUT \(tagged)", at: "\(ownTags)/u.x", body: huge, 413, "M_TOO_LARGE"),
            BadInput(
                "PUT \(tagged)", at: "\(v3)/user/{other}/rooms/{room}/tags/u.x", body: "{}", 403, "M_FORBIDDEN"),
            BadInput("DELETE \(tagged)", at: "\(v3)/user/{other}/rooms/{room}/tags/u.x", 403, "M_FORBIDDEN"),
            BadInput("DELETE \(tagged)", at: "\(v3)/user/{me}/rooms/none/tags/u.x", 400, "M_INVALID_PARAM"),
            BadInput(
                "GET \(v3)/user/{userId}/rooms/{roomId}/tags", at: "\(v3)/user/{other}/rooms/{room}/tags", 403,
                "M_FORBIDDEN"),
            BadInput(
                "GET \(v3)/user/{userId}/rooms/{roomId}/tags", at: "\(v3)/user/x/rooms/{room}/tags", 400,
                "M_INVALID_PARAM"),
        ]
}
