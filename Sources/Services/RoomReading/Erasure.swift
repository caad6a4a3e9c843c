import Identifiers
import RoomRules
import Storage

// Who was in the room when an erased user sent something has seen it and still does; whoever came later gets it as
// redaction leaves it. Nobody is asked about unless a reader is shown what was sent while they were not in the room.

/// Keeps what erased users sent from those who came later (spec v1.19, "POST /account/deactivate", `erase`).
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

    /// Those of `events` that the reader of `rule` is not shown in full.
    public func erased(among events: [StoredEvent], _ rule: VisibilityRule) async throws -> Set<EventID> {
        let unseen = events.filter { !rule.wasJoined(at: $0.position) }
        let erased = try await users.erased(among: Set(unseen.map(\.event.sender)))
        return Set(unseen.filter { erased.contains($0.event.sender) }.map(\.event.id))
    }
}
