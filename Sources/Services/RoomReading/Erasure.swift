import Events
import Identifiers
import RoomRules
import Storage

// Who was in the room when an erased user sent something has seen it and still does; whoever came later gets it as
// redaction leaves it. Nobody is asked about unless a reader is shown what was sent while they were not in the room.
//
// Of the room's state only what says who somebody is is kept back: the room keeps its name and its rules, whoever set them,
// and a membership stays one. A whole state is the same bytes for everybody, so that it shows it as it was: as of now an
// erased user has left, and their last member event names nobody.

/// Keeps what erased users sent, and who they were, from those who came later (spec v1.19, "POST /account/deactivate",
/// `erase`).
public struct Erasure: Sendable {
    private let users: ErasedUserStore

    public init(users: ErasedUserStore) {
        self.users = users
    }

    /// `events`, at most `EventStore.eventsMax`, as the reader of `rule` is shown them, in the order given.
    public func applied(
        to events: [StoredEvent], _ rule: VisibilityRule, rules: RoomVersionRules
    ) async throws -> [StoredEvent] {
        let erased = try await erased(among: events, rule)
        guard !erased.isEmpty else { return events }
        return try events.map { try erased.contains($0.event.id) ? $0.redacted(rules) : $0 }
    }

    /// State events, as the reader of `rule` is shown them as state, in the order given.
    func appliedToState(
        _ events: [StoredEvent], _ rule: VisibilityRule, rules: RoomVersionRules
    ) async throws -> [StoredEvent] {
        let erased = try await erasedMembers(among: events, rule)
        guard !erased.isEmpty else { return events }
        return try events.map { try erased.contains($0.event.id) ? $0.redacted(rules) : $0 }
    }

    /// The same of events that are ready for everybody and inside of a room.
    public func appliedToState(
        _ events: [PreparedEvent], _ rule: VisibilityRule, rules: RoomVersionRules
    ) async throws -> [PreparedEvent] {
        let erased = try await erasedMembers(among: events.map(\.stored), rule)
        guard !erased.isEmpty else { return events }
        return try events.map { try erased.contains($0.stored.event.id) ? $0.redacted(rules) : $0 }
    }

    private func erasedMembers(among events: [StoredEvent], _ rule: VisibilityRule) async throws -> Set<EventID> {
        try await erased(among: events.filter { $0.event.memberTarget != nil }, rule)
    }

    /// Those of `events` that the reader of `rule` is not shown in full.
    public func erased(among events: [StoredEvent], _ rule: VisibilityRule) async throws -> Set<EventID> {
        let unseen = events.filter { !rule.wasJoined(at: $0.position) }
        // An invitation names whom it is for.
        func users(of event: Event) -> [UserID] {
            let isNaming = event.content["displayname"] != nil || event.content["avatar_url"] != nil
            return [event.sender] + (event.memberTarget.map { isNaming ? [$0] : [] } ?? [])
        }
        let named = Array(Set(unseen.flatMap { users(of: $0.event) }))
        var erased: Set<UserID> = []
        for start in stride(from: 0, to: named.count, by: ErasedUserStore.usersMax) {
            erased.formUnion(
                try await self.users.erased(among: Set(named.dropFirst(start).prefix(ErasedUserStore.usersMax))))
        }
        return Set(unseen.filter { users(of: $0.event).contains(where: erased.contains) }.map(\.event.id))
    }
}
