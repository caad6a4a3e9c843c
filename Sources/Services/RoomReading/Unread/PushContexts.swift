import Events
import Identifiers
import PushRules
import RoomRules
import Storage

/// A room as push rules see it.
public struct PushRoom: Sendable {
    public let placement: RoomPlacement
    public let context: PushContext
}

/// Reads what push rules ask about rooms.
public struct PushContexts: Sendable {
    private let facts: RoomFacts
    private let pushFacts: PushFactStore

    public init(facts: RoomFacts, pushFacts: PushFactStore) {
        self.facts = facts
        self.pushFacts = pushFacts
    }

    /// What of `rooms` this server has, as they are now.
    ///
    /// - Parameters:
    ///   - user: whose name may be asked for; `nil`: nobody's.
    ///   - membersCounted: how far members are counted (``PushRuleSet/membersCounted``).
    public func rooms(_ rooms: [RoomID], for user: UserID?, countingTo membersCounted: Int) async throws -> [RoomID:
        PushRoom]
    {
        var found: [RoomID: PushRoom] = [:]
        for start in stride(from: 0, to: rooms.count, by: RoomFacts.roomsPerStatementMax) {
            let part = Array(rooms[start..<min(start + RoomFacts.roomsPerStatementMax, rooms.count)])
            async let known = pushFacts.facts(of: part, for: user, countMax: membersCounted)
            let states = try await facts.state(["m.room.power_levels", "m.room.create"], of: part)
            let facts = try await known
            for (room, state) in states {
                let levels = PowerLevels(
                    event: state.events[.powerLevels], create: state.events[.create],
                    rules: state.placement.version.rules)
                found[room] = PushRoom(
                    placement: state.placement,
                    context: PushContext(
                        memberCount: facts[room]?.memberCount ?? 0, displayName: facts[room]?.displayName
                    ) { sender, kind in levels.level(of: sender) >= levels.notification(kind) })
            }
        }
        return found
    }

    /// Which of `events`, at most `EventStore.eventsMax` and all of `room`, are in threads, and which of these `users`
    /// follow.
    public func followedThreads(
        of events: [EventID], in room: RoomID, by users: [UserID]
    ) async throws -> FollowedThreads {
        try await pushFacts.followedThreads(of: events, in: room, by: users)
    }
}
