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
        let view = try await readers.views.view(of: room.room, for: request.viewer.user, at: room.position)
        let rule = view?.rule ?? VisibilityRule(memberships: [], visibilities: [])
        let timeline = try await timeline(rule)
        let state = try await state(timeline, wasEverJoined: rule.wasEverJoined)
        let accountData = left.accountData.filter {
            filter.roomAccountData.wants(room: room.room) && filter.roomAccountData.wants(type: $0.type)
        }
        var bundles: [EventID: RelationBundle] = [:]
        if timeline.isLimited, let view {
            bundles = try await readers.served.bundles(
                of: timeline.events.map(\.stored), to: request.viewer, in: view, includesRoom: false)
        }
        var writer = SpliceWriter()
        writer.json.beginObject()
        TimelinePart.write(timeline, to: &writer.json, for: request.viewer, rule: rule, bundles: bundles)
        writer.json.key(request.usesStateAfter ? "state_after" : "state")
        state.write(to: &writer)
        writer.json.key("account_data")
        AccountDataPart.write(accountData, to: &writer.json)
        writer.json.endObject()
        return writer.finish()
    }

    /// What the user saw until they left, and the events that changed their own membership.
    private func timeline(_ rule: VisibilityRule) async throws -> Timeline {
        guard filter.timeline.wants(room: room.room) else {
            return Timeline(events: [], isLimited: false, start: room.position)
        }
        let user = request.viewer.user
        let wantsAll = request.wantsAllEvents
        let (after, isOnlyMembership) =
            switch left.known {
            case .nothing: (ShardSequence.zero, !rule.wasEverJoined)
            case .room(let since): (since, false)
            case .membership(let since): (since, true)
            }
        if isOnlyMembership { return try await membershipTimeline(after: after) }
        return try await readers.timelines.read(
            room, after: after, upTo: room.position, limit: filter.timelineLimit, wantsAll: false
        ) { stored in
            guard wantsAll || request.wants(stored.event) else { return false }
            if stored.event.memberTarget == user { return true }
            return rule.isVisible(at: stored.position) && rule.isWithinTimeInRoom(stored.position)
        }
    }

    /// The one event that ended an invite or a knock, or made a ban of a leave.
    private func membershipTimeline(after: ShardSequence) async throws -> Timeline {
        let rules = room.placement.version.rules
        let event = try await readers.events.event(room.event, of: room.room, rules: rules)
        let wanted = [event].compactMap { $0 }.filter { filter.timeline.wants($0.event) }
        return Timeline(
            events: try await readers.served.prepare(wanted, of: room.room, rules: rules, includesRoom: false),
            isLimited: false, start: room.position.advanced(by: -1))
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
