import Identifiers
import ReplicationLog
import RoomReading
import Storage
import Synchronization

// Said in every answer, and changed once in a while: kept until the tail brings a change of the user's keys. What was being
// read when it did is used and not kept.

/// How many keys of devices wait to be handed out.
final class KeyStockMemory: Sendable {
    /// The most users kept; beyond, the memory starts anew.
    static let usersMax = 50_000

    private struct State {
        var kept: [ByteOrderedText: [DeviceID: KeyStock]] = [:]
        /// How often the tail brought changes of keys.
        var changes = 0
    }

    private let store: KeyStockStore
    private let state = Mutex(State())

    init(store: KeyStockStore) { self.store = store }

    /// The tail has moved.
    func apply(_ update: TailUpdate) {
        state.withLock { state in
            if !update.unexplained.isEmpty {
                state.kept = [:]
                state.changes += 1
            }
            // A device that is gone takes its keys along.
            for entry in update.entries where entry.kind == .oneTimeKeys || entry.kind == .deviceList {
                state.changes += 1
                state.kept[entry.key] = nil
            }
        }
    }

    func stock(of viewer: Viewer) async throws -> KeyStock {
        let (known, before) = state.withLock { ($0.kept[viewer.user.text]?[viewer.device], $0.changes) }
        if let known { return known }
        let read = try await store.stock(of: viewer.device, of: viewer.user)
        state.withLock { state in
            guard state.changes == before else { return }
            if state.kept.count >= Self.usersMax { state.kept = [:] }
            state.kept[viewer.user.text, default: [:]][viewer.device] = read
        }
        return read
    }
}
