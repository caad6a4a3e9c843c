/// Bad requests for every endpoint of the client worker; a test compares the endpoints with the route list.
package enum BadInputTable {
    static let v3 = "/_matrix/client/v3"

    package static let rows: [BadInput] =
        discovery + accounts + authentication + rendezvous + contacts + oauth + administration + devices + rooms
        + membership
        + events + state + aliases + profiles + accountData + tags + others + messages + roomLife
        + keys + keyBackups + push

    private static let notJSON = "{"
    private static let deep = String(repeating: "[", count: 5_000)
    static let long = String(repeating: "a", count: 300)
    static let huge = "{\"body\":\"\(String(repeating: "x", count: 65_600))\"}"

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

    /// A request for what there is in a room.
    static func read(
        _ name: String, _ query: String, room: String = "{room}", _ status: Int, _ errcode: String
    ) -> BadInput {
        BadInput("GET \(v3)/rooms/{roomId}/\(name)", at: "\(v3)/rooms/\(room)/\(name)\(query)", status, errcode)
    }
}
