import ClientAPI
import Identifiers
import Storage

// A page is looked for only where the user may see something: the visible stretches are known beforehand, so years of
// history that are hidden cost nothing. What remains unbounded is a filter that nothing passes; a page then ends early
// and says where to go on.

/// Pages through what a user may see of a room's events.
public struct EventPages: Sendable {
    /// The most events on a page.
    public static let limitMax = 500
    /// The most events one call looks at.
    package static let scannedMax = 2_000
    /// The most statements one call makes.
    package static let queriesMax = 24
    /// The most events one statement returns.
    static let batchMax = 200
    /// A page ends once its events are as large as this, in bytes.
    package static let bytesMax = 4 << 20

    public struct Page: Sendable {
        public fileprivate(set) var events: [StoredEvent] = []
        /// Where the next page begins; `nil` when there is nothing left.
        public fileprivate(set) var next: ShardSequence?
    }

    /// What one call has done so far.
    private struct Progress {
        var page = Page()
        var scanned = 0
        var queries = 0
        var bytes = 0

        var isSpent: Bool { scanned >= scannedMax || queries >= queriesMax }
        func isFull(_ limit: Int) -> Bool { page.events.count >= limit || bytes >= bytesMax }
    }

    private let store: EventStore
    private let relations: RelationStore

    public init(store: EventStore, relations: RelationStore) {
        self.store = store
        self.relations = relations
    }

    /// The events between two places, `from` first, which pass `filter`.
    ///
    /// - Parameters:
    ///   - from: a place between two events: what is at or before it lies backward, what is after it forward. `nil` is
    ///     the room's end, or its beginning when going forward.
    ///   - to: the place at which to stop at the latest.
    ///   - limit: at most ``limitMax``.
    public func page(
        in view: RoomView, from: ShardSequence?, to: ShardSequence? = nil, direction: EventStore.Direction, limit: Int,
        filter: EventFilter
    ) async throws -> Page {
        precondition((0...Self.limitMax).contains(limit), "a page has at most \(Self.limitMax) events")
        guard filter.wants(room: view.room) else { return Page() }
        var progress = Progress()
        for range in Self.ranges(in: view, from: from, to: to, direction) {
            try await scan(range, in: view, direction, limit, filter, &progress)
            if progress.page.next != nil { break }
        }
        return progress.page
    }

    /// Goes through one visible stretch; `progress.page.next` is set when the page ends within it.
    private func scan(
        _ range: ClosedRange<ShardSequence>, in view: RoomView, _ direction: EventStore.Direction, _ limit: Int,
        _ filter: EventFilter, _ progress: inout Progress
    ) async throws {
        // `after` is exclusive, as in the store.
        var (after, upTo) = (range.lowerBound.advanced(by: -1), range.upperBound)
        while true {
            if progress.isSpent {
                progress.page.next = direction == .backward ? upTo : after
                return
            }
            // One more than is needed says whether there is more; a filter's misses call for larger batches.
            let missing = max(0, limit - progress.page.events.count)
            let ask = progress.scanned > missing ? Self.batchMax : min(Self.batchMax, missing + 1)
            let rows = try await store.page(
                of: view.room, after: after, upTo: upTo, direction: direction, limit: ask, rules: view.rules)
            let unrelated = try await relations.missing(filter.related, among: rows.map(\.event.id))
            progress.queries += filter.related == nil ? 1 : 2
            for row in rows {
                if progress.isFull(limit) {
                    progress.page.next = direction == .backward ? row.position : row.position.advanced(by: -1)
                    return
                }
                progress.scanned += 1
                if filter.wants(row.event), !unrelated.contains(row.event.id) {
                    progress.page.events.append(row)
                    progress.bytes += row.byteCount
                }
            }
            guard rows.count == ask, let last = rows.last else { return }
            if direction == .backward { upTo = last.position.advanced(by: -1) } else { after = last.position }
        }
    }

    /// The first position after `place` at which the view's user may see events; `nil` when there is none.
    public static func firstVisible(after place: ShardSequence, in view: RoomView) -> ShardSequence? {
        ranges(in: view, from: place, to: nil, .forward).first?.lowerBound
    }

    /// The visible stretches between the two places, the first to look at first.
    static func ranges(
        in view: RoomView, from: ShardSequence?, to: ShardSequence?, _ direction: EventStore.Direction
    ) -> [ClosedRange<ShardSequence>] {
        let end = view.position
        let (after, upTo) =
            switch direction {
            case .backward: (to ?? .zero, min(from ?? end, end))
            case .forward: (from ?? .zero, min(to ?? end, end))
            }
        guard after < upTo else { return [] }
        let clipped = view.rule.visibleRanges(upTo: upTo).compactMap { range -> ClosedRange<ShardSequence>? in
            let low = max(range.lowerBound, after.advanced(by: 1))
            return low <= range.upperBound ? low...range.upperBound : nil
        }
        return direction == .backward ? clipped.reversed() : clipped
    }
}
