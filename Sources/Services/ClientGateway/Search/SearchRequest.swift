import CanonicalJSON
import ClientAPI
import Events
import Identifiers
import MatrixHTTP
import Storage

/// What a client looks for among rooms' events: `room_events` of a search (spec v1.19, "Server Side Search").
struct SearchRequest: Sendable {
    enum Order: String {
        case rank
        case recent
    }

    enum Group: String {
        case room = "room_id"
        case sender
    }

    /// What is to be shown around each result.
    struct Context: Sendable {
        static let limitDefault = 5
        static let limitMax = 50

        var before: Int
        var after: Int
        var includesProfiles: Bool
    }

    static let limitDefault = 10
    static let limitMax = 100

    let terms: SearchTerms
    let keys: [SearchKey]
    let filter: EventFilter
    let order: Order
    let groups: [Group]
    let context: Context?
    let includesState: Bool

    var limit: Int { min(max(1, filter.limit ?? Self.limitDefault), Self.limitMax) }

    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
    init(_ body: BodyFields) throws {
        terms = SearchTerms(try body.requiredString("search_term"))
        keys =
            try body.array("keys")?.map { value in
                let known = SearchKey.allCases.first { key in
                    value.stringValue.map { $0.utf8.elementsEqual(key.name.utf8) } ?? false
                }
                guard let known else {
                    throw MatrixError.invalidParam("Keys are content.body, content.name and content.topic.")
                }
                return known
            } ?? SearchKey.allCases
        let filter = try body.object("filter") ?? [:]
        try FilterRules.check(eventFilter: filter)
        self.filter = EventFilter(filter)
        let orderName = try body.string("order_by") ?? Order.rank.rawValue
        guard let order = Order(rawValue: orderName) else {
            throw MatrixError.invalidParam("'order_by' is rank or recent.")
        }
        self.order = order
        groups = try Self.groups(try body.object("groupings").map(BodyFields.init))
        context = try body.object("event_context").map { try Context(BodyFields($0)) }
        includesState = try body.bool("include_state") ?? false
    }

    private static func groups(_ body: BodyFields?) throws -> [Group] {
        let named = try body?.array("group_by") ?? []
        var groups: [Group] = []
        for value in named {
            guard let group = value["key"]?.stringValue.flatMap({ Group(rawValue: $0) }) else {
                throw MatrixError.invalidParam("Results are grouped by room_id or sender.")
            }
            if !groups.contains(group) { groups.append(group) }
        }
        return groups
    }
}

extension SearchRequest.Context {
    fileprivate init(_ body: BodyFields) throws {
        before = try Self.limit("before_limit", body)
        after = try Self.limit("after_limit", body)
        includesProfiles = try body.bool("include_profile") ?? false
    }

    private static func limit(_ key: String, _ body: BodyFields) throws -> Int {
        let asked = try body.int(key) ?? Int64(limitDefault)
        guard asked >= 0 else { throw MatrixError.invalidParam("'\(key)' is negative.") }
        return min(Int(clamping: asked), limitMax)
    }
}
