import CanonicalJSON
import Identifiers

/// Checks the types in a filter before it is stored (spec v1.19, "Filtering"); members it does not know are kept.
package enum FilterRules {
    /// - Throws: `M_BAD_JSON` for a member of the wrong type, `M_INVALID_PARAM` for a value outside of its set.
    package static func check(_ filter: JSONObject) throws {
        let body = BodyFields(filter)
        try checkStrings(body, ["event_fields"])
        if let format = try body.string("event_format"), format != "client", format != "federation" {
            throw MatrixError.invalidParam("'event_format' is client or federation.")
        }
        try checkEvents(body, ["presence", "account_data"])
        guard let room = try body.object("room").map(BodyFields.init) else { return }
        _ = try room.bool("include_leave")
        try checkRooms(room)
        try checkEvents(room, ["state", "timeline", "ephemeral", "account_data"])
    }

    private static func checkEvents(_ body: BodyFields, _ keys: [String]) throws {
        for key in keys {
            if let part = try body.object(key) { try check(eventFilter: part) }
        }
    }

    /// Checks an `EventFilter` or `RoomEventFilter`.
    ///
    /// - Throws: as ``check(_:)``.
    package static func check(eventFilter: JSONObject) throws {
        let part = BodyFields(eventFilter)
        if let limit = try part.int("limit"), limit < 0 { throw MatrixError.invalidParam("'limit' is negative.") }
        try checkStrings(part, ["types", "not_types", "related_by_rel_types"])
        _ = try part.identifiers("senders", as: UserID.self)
        _ = try part.identifiers("not_senders", as: UserID.self)
        _ = try part.identifiers("related_by_senders", as: UserID.self)
        try checkRooms(part)
        for flag in [
            "lazy_load_members", "include_redundant_members", "contains_url", "unread_thread_notifications",
        ] { _ = try part.bool(flag) }
    }

    private static func checkRooms(_ body: BodyFields) throws {
        _ = try body.identifiers("rooms", as: RoomID.self)
        _ = try body.identifiers("not_rooms", as: RoomID.self)
    }

    private static func checkStrings(_ body: BodyFields, _ keys: [String]) throws {
        for key in keys {
            guard try body.array(key)?.allSatisfy({ $0.stringValue != nil }) ?? true else {
                throw MatrixError.badJSON("'\(key)' must be an array of strings.")
            }
        }
    }
}
