import CanonicalJSON
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// Lists the events that relate to one (spec v1.19, "Relationships API").
struct RelationLister: Sendable {
    static let limitDefault = 50
    static let limitMax = 200
    /// How many relations may lie between an event and one that is listed when indirect ones are asked for.
    static let depthMax = 3

    let visible: VisibleEvents
    let relations: RelationStore
    let events: EventStore
    let served: ServedEvents
    let ignored: IgnoredUsers

    /// A page of the events that relate to the one in the path.
    ///
    /// - Throws: `M_NOT_FOUND` for an event the caller may not see, `M_INVALID_PARAM`.
    func page(_ request: UserRequest, relationType: String? = nil, eventType: String? = nil) async throws -> JSONBytes {
        let direction: EventStore.Direction =
            try request.query("dir") == nil ? .backward : HistoryQuery.direction(request)
        let recurses = try request.queryBool("recurse") ?? false
        let limit = try request.pageLimit(default: Self.limitDefault, max: Self.limitMax)
        let (view, parent) = try await visible.demand(request)
        let from = try HistoryQuery.place("from", request, in: view)
        let to = try HistoryQuery.place("to", request, in: view)
        let (after, upTo) =
            direction == .backward
            ? (to ?? .zero, min(from ?? view.position, view.position))
            : (from ?? .zero, min(to ?? view.position, view.position))
        let query = RelationQuery(
            parent: parent.event.id, relationType: relationType, eventType: eventType,
            depth: recurses ? Self.depthMax : 1, after: after, upTo: upTo, direction: direction)
        let reader = RelationReader(
            room: view.room, user: request.caller, visible: view.visible,
            ignored: try await ignored.ignored(by: request.caller))
        // One more than fits says whether there is another page.
        let found = try await relations.children(query, for: reader, limit: limit + 1)
        let shown = found.prefix(limit)
        let stored = try await events.events(shown.map(\.event), of: view.room, rules: view.rules)
        let chunk = try await served.serve(
            shown.compactMap { stored[$0.event] }, to: Viewer(user: request.caller, device: request.device), in: view,
            includesRoom: true)

        var writer = JSONWriter(reservingBytes: 1_024 * (chunk.count + 1))
        writer.beginObject()
        writer.member("chunk", chunk)
        if found.count > limit, let last = shown.last {
            let next = direction == .backward ? last.position.advanced(by: -1) : last.position
            writer.member("next_batch", PaginationToken(next).text)
        }
        if let from { writer.member("prev_batch", PaginationToken(from).text) }
        if recurses { writer.member("recursion_depth", Self.depthMax) }
        writer.endObject()
        return JSONBytes(writer.bytes)
    }
}
