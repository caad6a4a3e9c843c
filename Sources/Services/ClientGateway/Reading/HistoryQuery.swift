import CanonicalJSON
import ClientAPI
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// The query parameters of the endpoints that page through history.
enum HistoryQuery {
    static let limitDefault = 10
    /// The longest filter in a query, in bytes.
    static let filterBytesMax = 16_384

    /// How many events are asked for, by `limit` or by the filter; at most `EventPages.limitMax`.
    ///
    /// - Throws: `M_INVALID_PARAM` unless it is a number that is not negative.
    static func limit(_ request: UserRequest, _ filter: EventFilter) throws -> Int {
        let asked = try request.queryInteger("limit") ?? filter.limit.map(Int64.init) ?? Int64(limitDefault)
        guard asked >= 0 else { throw MatrixError.invalidParam("'limit' is negative.") }
        return min(Int(clamping: asked), filter.limit ?? .max, EventPages.limitMax)
    }

    /// The `RoomEventFilter` in `filter`, which is JSON.
    ///
    /// - Throws: `M_INVALID_PARAM` when it is not JSON, `M_BAD_JSON` for a member of the wrong type.
    static func filter(_ request: UserRequest) throws -> EventFilter {
        guard let text = request.query("filter"), !text.isEmpty else { return EventFilter() }
        guard text.utf8.count <= filterBytesMax, let json = try? JSONObject.parse(Array(text.utf8)) else {
            // Why it does not parse is of no use to the caller.
            throw MatrixError.invalidParam("'filter' is not a JSON object, or over \(filterBytesMax) bytes.")
        }
        try FilterRules.check(eventFilter: json)
        return EventFilter(json)
    }

    /// The place that the token in parameter `name` stands for; `nil` when there is none.
    ///
    /// - Throws: `M_INVALID_PARAM` for text that is no token of the caller's.
    static func place(_ name: String, _ request: UserRequest, in view: RoomView) throws -> ShardSequence? {
        try place(name, request, in: view.placement.shard)
    }

    /// The same in the order of `shard`.
    static func place(_ name: String, _ request: UserRequest, in shard: ShardID) throws -> ShardSequence? {
        guard let text = request.query(name), !text.isEmpty else { return nil }
        guard let token = PaginationToken(text, in: shard, for: request.caller) else {
            throw MatrixError.invalidParam("'\(name)' is not a token of this server.")
        }
        return token.position
    }

    /// `dir`: backward for `b`, forward for `f`.
    ///
    /// - Throws: `M_MISSING_PARAM`, `M_INVALID_PARAM`.
    static func direction(_ request: UserRequest) throws -> EventStore.Direction {
        switch request.query("dir") {
        case nil: throw MatrixError.missingParam("'dir' is missing.")
        case "b"?: .backward
        case "f"?: .forward
        default: throw MatrixError.invalidParam("'dir' is b or f.")
        }
    }
}
