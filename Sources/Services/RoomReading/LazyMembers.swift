import Events
import Identifiers
import Storage

/// Finds the member events a client needs to show events, instead of all of a room's (spec v1.19, "Lazy-loading room
/// members").
public struct LazyMembers: Sendable {
    private let history: StateHistory
    private let events: EventStore

    public init(history: StateHistory, events: EventStore) {
        self.history = history
        self.events = events
    }

    /// The member events of the senders of `shown`, as they were at `position`, each once.
    ///
    /// - Parameter shown: at most `StateHistory.keysMax`.
    public func senders(
        of shown: [StoredEvent], in view: RoomView, at position: ShardSequence
    ) async throws -> [StoredEvent] {
        var seen: Set<UserID> = []
        let senders = shown.map(\.event.sender).filter { seen.insert($0).inserted }
        let ids = try await history.events(of: senders.map { .member($0) }, in: view.room, at: position)
        let found = try await events.events(Array(ids.values), of: view.room, rules: view.rules)
        return senders.compactMap { sender in ids[.member(sender)].flatMap { found[$0] } }
    }
}
