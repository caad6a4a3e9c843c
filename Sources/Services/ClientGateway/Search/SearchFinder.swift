import Events
import Identifiers
import RoomReading
import Storage

// The index knows nothing of who may see what: hits are taken in batches, their rooms opened for the reader, and what the
// reader may not see, or a filter leaves out, is passed over. A page ends early when too much was passed over.

/// Finds the events that have a search's terms and that the reader may see.
struct SearchFinder: Sendable {
    /// Hits read at once.
    static let batchMax = 100
    /// Batches read for one page.
    static let batchesMax = 10

    struct Result: Sendable {
        let hit: SearchHit
        let event: StoredEvent
        let view: RoomView
    }

    struct Page: Sendable {
        var results: [Result] = []
        /// Where the next page begins; `nil` when there is none.
        var next: SearchPlace?
        /// How many events have the terms, about.
        var count: Int64 = 0
    }

    let store: SearchStore
    let reader: RoomReader
    let events: EventStore
    let relations: RelationStore
    let ignored: IgnoredUsers
    let erasure: Erasure

    /// A page of results in `rooms`, after the token's place and of its group.
    func page(
        _ request: SearchRequest, in rooms: [RoomID], for user: UserID, after token: SearchToken?
    ) async throws -> Page {
        let wanted = rooms.filter { room in
            request.filter.wants(room: room) && (token?.room.map { $0 == room } ?? true)
        }
        var page = Page(count: try await store.count(request.terms, in: wanted, keys: request.keys))
        let ignored = Set(try await ignored.ignored(by: user))
        var views: [RoomID: RoomView] = [:]
        var after = token?.place
        for _ in 0..<Self.batchesMax {
            let hits = try await store.hits(
                for: request.terms, in: wanted, keys: request.keys, byRank: request.order == .rank, after: after,
                limit: Self.batchMax)
            let opened = try await open(hits, for: user, &views)
            let unrelated = try await relations.missing(request.filter.related, among: opened.map(\.hit.event))
            for result in opened {
                if page.results.count == request.limit {
                    page.next = page.results.last?.hit.place
                    return page
                }
                let sender = result.event.event.sender
                guard request.filter.wants(result.event.event), !unrelated.contains(result.hit.event),
                    !ignored.contains(sender),
                    token?.sender.map({ $0 == sender }) ?? true
                else { continue }
                page.results.append(result)
            }
            guard hits.count == Self.batchMax, let last = hits.last else { return page }
            after = last.place
        }
        page.next = after
        return page
    }

    /// The hits that `user` may see, in their order.
    private func open(
        _ hits: [SearchHit], for user: UserID, _ views: inout [RoomID: RoomView]
    ) async throws -> [Result] {
        var stored: [EventID: StoredEvent] = [:]
        for (room, hits) in Dictionary(grouping: hits, by: \.room) {
            if views[room] == nil { views[room] = try await reader.open(room, for: user) }
            guard let view = views[room] else { continue }
            var found = try await events.events(hits.map(\.event), of: room, rules: view.rules)
            for erased in try await erasure.erased(among: Array(found.values), view.rule) { found[erased] = nil }
            stored.merge(found) { $1 }
        }
        return hits.compactMap { hit in
            guard let view = views[hit.room], let event = stored[hit.event], event.redactedBy == nil,
                view.isVisible(event)
            else { return nil }
            return Result(hit: hit, event: event, view: view)
        }
    }
}
