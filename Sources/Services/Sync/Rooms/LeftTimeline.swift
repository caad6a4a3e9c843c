import Events
import Identifiers
import RoomReading
import Storage

/// Reads the timeline of a room the user is no longer in: up to the leave, and nothing after.
struct LeftTimeline: Sendable {
    let readers: RoomReaders
    let viewer: Viewer
    let left: LeftRoom
    let choice: TimelineChoice

    private var room: UserRoom { left.room }

    /// What the user saw until they left, and the events that changed their own membership; with what says what that is.
    func read() async throws -> (Timeline, VisibilityRule?) {
        let view = try await readers.views.view(of: room.room, for: viewer.user, at: room.position)
        let rule = view?.rule ?? VisibilityRule(memberships: [], visibilities: [])
        guard choice.filter.wants(room: room.room) else {
            return (Timeline(events: [], isLimited: false, start: room.position), rule)
        }
        let (after, isOnlyMembership) =
            switch left.known {
            case .nothing: (ShardSequence.zero, !rule.wasEverJoined)
            case .room(let since): (since, false)
            case .membership(let since): (since, true)
            }
        if isOnlyMembership { return (try await membershipTimeline(), rule) }
        let timeline = try await readers.timelines.read(
            room, after: after, upTo: room.position, limit: choice.limit, related: choice.filter.related,
            wantsAll: false
        ) { stored in
            guard choice.wantsAll || choice.wants(stored.event) else { return false }
            if stored.event.memberTarget == viewer.user { return true }
            return rule.isVisible(at: stored.position) && rule.isWithinTimeInRoom(stored.position)
        }
        return (timeline, rule)
    }

    /// The one event that ended an invite or a knock, or made a ban of a leave.
    private func membershipTimeline() async throws -> Timeline {
        let rules = room.placement.version.rules
        let event = try await readers.events.event(room.event, of: room.room, rules: rules)
        let wanted = [event].compactMap { $0 }.filter { choice.filter.wants($0.event) }
        return Timeline(
            events: try await readers.served.prepare(wanted, of: room.room, rules: rules, includesRoom: false),
            isLimited: false, start: room.position.advanced(by: -1))
    }
}
