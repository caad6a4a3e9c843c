import Identifiers
import ReplicationLog
import RoomReading
import Storage
import Synchronization

// Asked for by every answer with a timeline, and changed once in a while. It is read as it is now, not as of the cut: who
// ignores somebody means from now on. What was being read while the tail brought account data is used and not kept.

/// Whom users do not want to hear from, kept until their account data changes.
final class UnwantedSendersMemory: Sendable {
    /// The most users kept; beyond, the memory starts anew.
    static let usersMax = 50_000

    private struct State {
        var kept: [UserID: UnwantedSenders] = [:]
        /// How often the tail brought account data.
        var changes = 0
    }

    private let store: AccountDataStore
    private let state = Mutex(State())

    init(store: AccountDataStore) {
        self.store = store
    }

    /// The tail has moved.
    func apply(_ update: TailUpdate) {
        state.withLock { state in
            if !update.unexplained.isEmpty {
                state.kept = [:]
                state.changes += 1
            }
            for entry in update.entries where entry.kind == .accountData {
                state.changes += 1
                if let user = UserID(entry.key.string) { state.kept[user] = nil }
            }
        }
    }

    func senders(unwantedBy user: UserID) async throws -> UnwantedSenders {
        let (known, before) = state.withLock { ($0.kept[user], $0.changes) }
        if let known { return known }
        let contents = try await store.fetch(UnwantedSenders.types, of: [user])[user] ?? [:]
        let read = UnwantedSenders { contents[ByteOrderedText($0)] }
        state.withLock { state in
            guard state.changes == before else { return }
            if state.kept.count >= Self.usersMax { state.kept = [:] }
            state.kept[user] = read
        }
        return read
    }
}
