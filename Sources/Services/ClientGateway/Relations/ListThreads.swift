import CanonicalJSON
import Events
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// A room's threads, the latest first: `GET /_matrix/client/v1/rooms/{roomId}/threads` (spec v1.19, "Querying threads in
/// a room").
struct ListThreads: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v1/rooms/{roomId}/threads", cost: .read)
    static let limitDefault = 20
    static let limitMax = 100

    let reader: RoomReader
    let threads: ThreadStore
    let events: EventStore
    let served: ServedEvents
    let ignored: IgnoredUsers

    /// A page may have fewer threads than asked for and yet a `next_batch`: not all beginnings may be visible.
    ///
    /// - Throws: `M_FORBIDDEN` for a room the caller may not read, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        let room = try request.path("roomId", as: RoomID.self)
        let participant = try participant(request)
        let limit = try request.pageLimit(default: Self.limitDefault, max: Self.limitMax)
        let view = try await reader.demand(room, for: request.caller)
        let before = try HistoryQuery.place("from", request, in: view) ?? ShardSequence(.max)

        let found = try await threads.threads(of: room, before: before, participant: participant, limit: limit + 1)
        let page = found.prefix(limit)
        let stored = try await events.events(page.map(\.root), of: room, rules: view.rules)
        let roots = page.compactMap { stored[$0.root] }.filter {
            view.isVisible($0) && $0.event.relation == nil && !$0.event.isState
        }
        let chunk = try await serve(roots, to: request, in: view)

        var writer = JSONWriter(reservingBytes: 2_048 * (chunk.count + 1))
        writer.beginObject()
        writer.key("chunk")
        writer.beginArray()
        for event in chunk { writer.raw(event) }
        writer.endArray()
        if found.count > limit, let last = page.last { writer.member("next_batch", PaginationToken(last.latest).text) }
        writer.endObject()
        return JSONBytes(writer.bytes)
    }

    /// The beginnings that have something in their threads for the caller; those of ignored users as if redacted.
    private func serve(
        _ roots: [StoredEvent], to request: UserRequest, in view: RoomView
    ) async throws -> [[UInt8]] {
        let viewer = Viewer(user: request.caller, device: request.device)
        let ignored = Set(try await ignored.ignored(by: request.caller))
        let shown = try roots.map { try ignored.contains($0.event.sender) ? $0.redacted(view.rules) : $0 }
        return try await served.serve(shown, to: viewer, in: view, includesRoom: true)
            .filter(\.hasThread).map { $0.bytes() }
    }

    private func participant(_ request: UserRequest) throws -> UserID? {
        switch request.query("include") {
        case nil, "all"?: nil
        case "participated"?: request.caller
        default: throw MatrixError.invalidParam("'include' is all or participated.")
        }
    }
}
