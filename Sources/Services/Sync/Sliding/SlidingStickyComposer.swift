import CanonicalJSON
import Identifiers
import ReplicationLog
import RoomReading
import Storage

// Sticky events have a position of their own, because they are given out some at a time, the oldest first, and none may be
// missed (MSC4480). It is a cut: where a shard had more than was given out, it stays behind there. Of rooms that the user has
// come into since, what is older than the position is given besides, however much that is.

/// Sticky events that a client has yet to be told of.
struct SlidingSticky: Sendable {
    var rooms: [(room: UserRoom, events: [StoredEvent])] = []
    var next: Cut
}

/// Finds and writes sticky events for sliding sync (MSC4354, MSC4480).
struct SlidingStickyComposer: Sendable {
    static let name = "org.matrix.msc4354.sticky_events"

    let readers: RoomReaders

    /// - Returns: `nil` when the client does not want to be told.
    func find(_ context: SlidingContext) async throws -> SlidingSticky? {
        guard let wanted = context.request.extensions.sticky else { return nil }
        let since = wanted.since.flatMap { $0.cut.generation == context.cut.generation ? $0.cut : nil }?
            .clamped(to: context.cut)
        let (fresh, others) = rooms(context, since: since)
        let found = try await readers.sticky.events(
            of: fresh.map { page($0, after: .zero, context) }
                + others.map { page($0, after: since?[$0.shard] ?? .zero, context) },
            at: readers.clock.now())
        let (kept, next) = Self.limited(fresh + others, found, since: since, to: wanted.limit, at: context.cut)
        return SlidingSticky(rooms: kept, next: next)
    }

    private func page(_ room: UserRoom, after: ShardSequence, _ context: SlidingContext) -> RoomPageRequest {
        RoomPageRequest(
            room: room.room, rules: room.placement.version.rules, after: after, upTo: context.cut[room.shard])
    }

    /// The rooms the user has come into since, and those of the others in which there may be something new.
    private func rooms(_ context: SlidingContext, since: Cut?) -> (fresh: [UserRoom], others: [UserRoom]) {
        guard let since else { return ([], context.user.joined) }
        // A client that keeps up: where something happened is known.
        let isCurrent = since == context.from
        var (fresh, others): ([UserRoom], [UserRoom]) = ([], [])
        for room in context.user.joined {
            if room.position > since[room.shard] {
                fresh.append(room)
            } else if isCurrent
                ? context.changes.rooms[room.room]?.contains(.events) ?? false
                : context.cut[room.shard] > since[room.shard]
            {
                others.append(room)
            }
        }
        return (fresh, others)
    }

    /// What lies before the position, the oldest events of each shard after it, at most `limit` in all, and the position
    /// after them.
    private static func limited(
        _ rooms: [UserRoom], _ found: [RoomID: [StoredEvent]], since: Cut?, to limit: Int, at cut: Cut
    ) -> (rooms: [(room: UserRoom, events: [StoredEvent])], next: Cut) {
        let all = rooms.flatMap { room in (found[room.room] ?? []).map { (room: room, event: $0) } }
            .sorted { ($0.room.shard.number, $0.event.position) < ($1.room.shard.number, $1.event.position) }
        let pending = all.filter { $0.event.position > since?[$0.room.shard] ?? .zero }
        var next = cut
        for (room, _) in pending.dropFirst(limit) { next[room.shard] = since?[room.shard] ?? .zero }
        var kept: [RoomID: (room: UserRoom, events: [StoredEvent])] = [:]
        for (room, event) in all where event.position <= since?[room.shard] ?? .zero {
            kept[room.room, default: (room, [])].events.append(event)
        }
        for (room, event) in pending.prefix(limit) {
            kept[room.room, default: (room, [])].events.append(event)
            if next[room.shard] != cut[room.shard] { next[room.shard] = event.position }
        }
        return (kept.values.sorted { $0.room.room < $1.room.room }, next)
    }

    /// Writes the extension's part of an answer.
    ///
    /// - Parameter timelines: the events of rooms the client is given now; these are not told twice.
    /// - Returns: whether it says nothing.
    func write(
        _ sticky: SlidingSticky, _ context: SlidingContext, timelines: [RoomID: Set<EventID>],
        to writer: inout JSONWriter
    ) async throws -> Bool {
        let now = readers.clock.now()
        var isSilent = true
        writer.key(Self.name)
        writer.beginObject()
        writer.member("next_batch", StickyToken(sticky.next).text)
        writer.key("rooms")
        writer.beginObject()
        for (room, events) in sticky.rooms {
            let part = try await StickyPart(
                events, besides: timelines[room.room] ?? [], of: room, hearing: context.preferences.unwanted,
                readers: readers)
            guard !part.isEmpty else { continue }
            isSilent = false
            writer.key(room.room.rawValue)
            writer.beginObject()
            writer.key("events")
            part.writeEvents(to: &writer, for: context.viewer, at: now)
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        return isSilent
    }
}
