/// Bad requests for the endpoints that find messages: search, notifications, relations and threads.
extension BadInputTable {
    private static let v1 = "/_matrix/client/v1"
    private static let related = "GET \(v1)/rooms/{roomId}/relations/{eventId}"
    private static let relatedPath = "\(v1)/rooms/{room}/relations/{event}"
    private static let threads = "GET \(v1)/rooms/{roomId}/threads"

    private static let search = "POST \(v3)/search"

    static let messages: [BadInput] =
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
        ]
}
