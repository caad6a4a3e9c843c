import CanonicalJSON
import Events
import Identifiers
import NIOCore
import RoomReading
import Storage

/// A room the user has left or was banned from.
struct LeftRoom: Sendable {
    enum Known: Sendable {
        /// The client knows nothing of the user's time in the room.
        case nothing
        /// It has followed the room up to here.
        case room(ShardSequence)
        /// The user was not in the room since here; only what became of their membership is news.
        case membership(ShardSequence)
    }

    /// The leave or ban.
    let room: UserRoom
    let known: Known
    var accountData: [AccountDataItem] = []
}

/// Composes what a client is told about a room the user is no longer in: up to the leave, and nothing after.
struct LeftRoomComposer: Sendable {
    let readers: RoomReaders
    let request: SyncRequest
    let left: LeftRoom

    private var room: UserRoom { left.room }
    private var filter: SyncFilter { request.filter }

    func compose() async throws -> [ByteBuffer] {
        let (timeline, known) = try await LeftTimeline(
            readers: readers, viewer: request.viewer, left: left, choice: request.timeline
        ).read()
        let rule = known ?? VisibilityRule(memberships: [], visibilities: [])
        let state = try await state(timeline, wasEverJoined: rule.wasEverJoined)
        let accountData = left.accountData.filter {
            filter.roomAccountData.wants(room: room.room) && filter.roomAccountData.wants(type: $0.type)
        }
        let bundles = try await readers.bundles(
            of: timeline, in: room, at: room.position, for: request.viewer, known: nil, isWanted: timeline.isLimited)
        var writer = SpliceWriter()
        writer.json.beginObject()
        TimelinePart.write(
            timeline, to: &writer.json, for: request.viewer, rule: rule, bundles: bundles, now: readers.clock.now())
        writer.json.key(request.stateName)
        state.write(to: &writer)
        writer.json.key("account_data")
        AccountDataPart.write(accountData, to: &writer.json)
        writer.json.endObject()
        return writer.finish()
    }

    private func state(_ timeline: Timeline, wasEverJoined: Bool) async throws -> StatePart {
        guard filter.state.wants(room: room.room), wasEverJoined else { return StatePart() }
        if case .membership = left.known { return StatePart() }
        if case .room(let since) = left.known {
            let deltas = try await readers.deltas.deltas(
                of: room.room, after: since, middle: timeline.start, upTo: room.position)
            let ids = StateChoice.events(
                of: deltas, timeline: Set(timeline.events.map(\.stored.event.id)),
                usesStateAfter: request.usesStateAfter)
            let events = try await readers.stateEvents(ids, of: room, in: nil)
            return StatePart(own: ids.compactMap { events[$0] }.filter { filter.state.wants($0.stored.event) })
        }
        let position = request.usesStateAfter ? room.position : timeline.start
        let roots = try await readers.deltas.roots(of: [(room.room, position, position)])
        guard let root = roots[room.room]?.first else { return StatePart() }
        var part = try await WholeState(readers: readers, filter: filter).part(at: root, of: room)
        if filter.lazyLoadsMembers, filter.state.wants(type: "m.room.member") {
            let tree = try await readers.tree(root, of: room)
            let senders = Set(timeline.events.map(\.stored.event.sender)).sorted()
            let ids = senders.compactMap { tree[.member($0)] }
            let events = try await readers.stateEvents(ids, of: room, in: nil)
            part.own += ids.compactMap { events[$0] }.filter { filter.state.wants($0.stored.event) }
        }
        return part
    }
}
