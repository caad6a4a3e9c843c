import ClientAPI
import Identifiers
import RoomReading
import Storage

/// A room's timeline as one answer has it.
struct Timeline: Sendable {
    /// Oldest first.
    var events: [PreparedEvent]
    /// Whether the reader is not given everything there is since they last looked.
    var isLimited: Bool
    /// The timeline's events come after this; what is before it is reached by paging back.
    var start: ShardSequence

    /// Where paging back begins.
    var previous: PaginationToken { PaginationToken(start) }
}

/// Reads timelines: the newest events that a reader may see and wants.
struct TimelineReader: Sendable {
    /// Events read at once when not all are wanted.
    static let pageMax = 100
    /// Pages read for one timeline; whoever's filter passes less is given less, and pages back for the rest.
    static let pagesMax = 5

    let events: EventStore
    let served: ServedEvents
    let erasure: Erasure
    let relations: RelationStore

    /// The newest events of `room` after one position and up to another that pass `wants`, at most `limit`.
    ///
    /// - Parameters:
    ///   - first: the newest events there, newest first, when they have been read already; more than `limit` of them
    ///     unless there are no more.
    ///   - rule: what the reader was at each event; `nil`: they were in the room.
    ///   - related: what must relate to an event.
    ///   - wantsAll: `wants` lets everything pass, so that no more than needed is read.
    func read(
        _ room: UserRoom, after: ShardSequence, upTo: ShardSequence, limit: Int, first: [StoredEvent]? = nil,
        rule: VisibilityRule? = nil, related: RelatedFilter? = nil, wantsAll: Bool, wants: (StoredEvent) -> Bool
    ) async throws -> Timeline {
        var found: [StoredEvent] = []
        var end = upTo
        var isComplete = false
        let size = wantsAll ? limit + 1 : Self.pageMax
        for number in 0..<Self.pagesMax where found.count <= limit && !isComplete {
            let page: [StoredEvent]
            if number == 0, let first {
                page = first
                isComplete = first.count <= limit
            } else {
                page = try await events.page(
                    of: room.room, after: after, upTo: end, direction: .backward, limit: size,
                    rules: room.placement.version.rules)
                isComplete = page.count < size
            }
            let unrelated = try await relations.missing(related, among: page.map(\.event.id))
            found += page.filter { wants($0) && !unrelated.contains($0.event.id) }
            if let oldest = page.last { end = oldest.position.advanced(by: -1) }
        }
        let isLimited = found.count > limit || !isComplete
        let rules = room.placement.version.rules
        var kept = Array(found.prefix(limit).reversed())
        if let rule { kept = try await erasure.applied(to: kept, rule, rules: rules) }
        return Timeline(
            events: try await served.prepare(
                kept, of: room.room, rules: rules, includesRoom: false, replacedFor: rule),
            isLimited: isLimited, start: kept.first.map { $0.position.advanced(by: -1) } ?? upTo)
    }

    /// The same out of a room's recent part; `nil` when it does not reach back far enough.
    static func read(
        _ run: RoomRun, after: ShardSequence, upTo: ShardSequence, limit: Int, wants: (StoredEvent) -> Bool
    ) -> Timeline? {
        let range = run.events.drop { $0.stored.position <= after }.prefix { $0.stored.position <= upTo }
        let found = range.filter { wants($0.stored) }
        guard run.start <= after || found.count > limit else { return nil }
        let kept = Array(found.suffix(limit))
        return Timeline(
            events: kept, isLimited: found.count > limit,
            start: kept.first.map { $0.stored.position.advanced(by: -1) } ?? upTo)
    }
}
