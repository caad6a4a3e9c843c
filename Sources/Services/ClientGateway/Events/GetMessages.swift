import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// A page of a room's events: `GET /_matrix/client/v3/rooms/{roomId}/messages` (spec v1.19, "Getting events for a room").
struct GetMessages: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/rooms/{roomId}/messages", cost: .read)

    let reader: RoomReader
    let pages: EventPages
    let served: ServedEvents
    let lazyMembers: LazyMembers

    /// A page may be empty and yet have an `end`: there is more behind what the filter or the bounds left out.
    ///
    /// - Throws: `M_FORBIDDEN` for a room the caller may not read, `M_MISSING_PARAM`, `M_INVALID_PARAM`, `M_BAD_JSON`.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        let room = try request.path("roomId", as: RoomID.self)
        let direction = try HistoryQuery.direction(request)
        let filter = try HistoryQuery.filter(request)
        let limit = try HistoryQuery.limit(request, filter)
        let view = try await reader.demand(room, for: request.caller)
        let from = try HistoryQuery.place("from", request, in: view)
        let to = try HistoryQuery.place("to", request, in: view)

        let page = try await pages.page(
            in: view, from: from, to: to, direction: direction, limit: limit, filter: filter)
        let viewer = Viewer(user: request.caller, device: request.device)
        let chunk = try await served.serve(page.events, to: viewer, in: view, includesRoom: true)
        var state: [ServedEvent] = []
        if filter.lazyLoadsMembers, let first = page.events.first {
            // As of the page's first event: a client going backward undoes the changes it meets.
            let members = try await lazyMembers.senders(of: page.events, in: view, at: first.position)
            state = try await served.serve(members, to: viewer, in: view, includesRoom: true)
        }

        let start = from ?? (direction == .backward ? view.position : .zero)
        var writer = JSONWriter(reservingBytes: 1_024 * (chunk.count + 1))
        writer.beginObject()
        writer.member("chunk", chunk)
        if let next = page.next { writer.member("end", PaginationToken(next).text) }
        writer.member("start", request.query("from") ?? PaginationToken(start).text)
        if !state.isEmpty { writer.member("state", state) }
        writer.endObject()
        return JSONBytes(writer.bytes)
    }
}
