import CanonicalJSON
import ClientAPI
import Events
import HTTPServer
import Identifiers
import MatrixHTTP
import NIOCore
import RoomReading
import Storage

/// The events and the state around an event: `GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}` (spec v1.19).
struct GetEventContext: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/rooms/{roomId}/context/{eventId}", cost: .read)

    let visible: VisibleEvents
    let pages: EventPages
    let served: ServedEvents
    let lists: StateLists

    /// - Throws: `M_NOT_FOUND` for an event the caller may not see, `M_INVALID_PARAM`, `M_BAD_JSON`.
    func respond(to request: UserRequest) async throws -> PiecewiseAnswer {
        let filter = try HistoryQuery.filter(request)
        let limit = try HistoryQuery.limit(request, filter)
        let (view, event) = try await visible.demand(request)
        let before = event.position.advanced(by: -1)
        async let earlier = pages.page(
            in: view, from: before, direction: .backward, limit: limit / 2, filter: filter)
        async let later = pages.page(
            in: view, from: event.position, direction: .forward, limit: limit - limit / 2, filter: filter)
        let (earlierPage, laterPage) = (try await earlier, try await later)
        let around = try await serve(earlierPage.events + [event] + laterPage.events, to: request, in: view)

        let last = laterPage.events.last ?? event
        let state = try await state(after: last, senders: around.map(\.stored.event.sender), filter, in: view)

        let start = earlierPage.next ?? earlierPage.events.last.map { $0.position.advanced(by: -1) } ?? before
        let end = laterPage.next ?? last.position
        return answer(around, earlierPage.events.count, start: start, end: end, state: state)
    }

    /// The state after `last`, which is that of the end of the answer.
    private func state(
        after last: StoredEvent, senders: [UserID], _ filter: EventFilter, in view: RoomView
    ) async throws -> [ByteBuffer] {
        guard filter.wants(room: view.room) else { return [] }
        let shown = Set(senders.map { StateMapKey.member($0) })
        let root = try await lists.listing.root(of: view.room, after: last)
        guard filter.lazyLoadsMembers || !filter.isEverything else {
            return try await lists.shared.pieces(at: root, of: view.room, rules: view.rules, .all)
        }
        return try await lists.pieces(
            at: root, in: view,
            where: { key in
                filter.wants(type: key.type)
                    && (!filter.lazyLoadsMembers || !key.isType("m.room.member") || shown.contains(key))
            }, event: { filter.wants($0) })
    }

    private func serve(
        _ events: [StoredEvent], to request: UserRequest, in view: RoomView
    ) async throws -> [ServedEvent] {
        let viewer = Viewer(user: request.caller, device: request.device)
        return try await served.serve(events, to: viewer, in: view, includesRoom: true)
    }

    /// - Parameter around: the events before, `earlierCount` of them and the latest first, the event, and those after.
    private func answer(
        _ around: [ServedEvent], _ earlierCount: Int, start: ShardSequence, end: ShardSequence, state: [ByteBuffer]
    ) -> PiecewiseAnswer {
        var writer = JSONWriter(reservingBytes: 1_024 * (around.count + 1))
        writer.beginObject()
        writer.member("end", PaginationToken(end).text)
        writer.key("event")
        around[earlierCount].write(to: &writer)
        writer.member("events_after", around[(earlierCount + 1)...])
        writer.member("events_before", around[..<earlierCount])
        writer.member("start", PaginationToken(start).text)
        writer.key("state")
        writer.beginArray()
        return PiecewiseAnswer(head: String(decoding: writer.bytes, as: UTF8.self), pieces: state, tail: "]}")
    }
}
