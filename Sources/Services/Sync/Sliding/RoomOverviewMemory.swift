import Identifiers
import ReplicationLog
import Storage
import Synchronization

// A list of a user's rooms is made anew for every answer; what it is sorted and filtered by is read once, and again when
// the log brings something of the room. What was being read meanwhile is used and not kept.

/// What lists of rooms are made by, kept until something happens in the room.
final class RoomOverviewMemory: Sendable {
    /// Rooms kept; beyond, the memory starts anew.
    static let roomsMax = 200_000

    private struct Key: Hashable {
        let room: RoomID
        /// `nil`: as it is now.
        let upTo: ShardSequence?
    }

    private struct State {
        var kept: [Key: RoomOverview] = [:]
        /// How often the tail brought something of some room.
        var changes = 0
        /// When the tail last brought something of rooms that are being read.
        var lastChange: [RoomID: Int] = [:]
        var readings = 0
        var lastUnexplained = 0
    }

    private let store: RoomOverviewStore
    private let state = Mutex(State())

    init(store: RoomOverviewStore) {
        self.store = store
    }

    /// The tail has moved.
    func apply(_ update: TailUpdate) {
        state.withLock { state in
            state.changes += 1
            if !update.unexplained.isEmpty {
                state.kept = [:]
                state.lastUnexplained = state.changes
            }
            for entry in update.entries where entry.kind == .event || entry.kind == .stateChange {
                guard let room = RoomID(entry.key.string) else { continue }
                state.kept[Key(room: room, upTo: nil)] = nil
                if state.readings > 0 { state.lastChange[room] = state.changes }
            }
        }
    }

    /// The overviews of a user's rooms: as they are now where the user is in, else as they were at the user's leaving.
    func overviews(of rooms: [UserRoom]) async throws -> [RoomID: RoomOverview] {
        let keys = rooms.map { Key(room: $0.room, upTo: $0.membership == .join ? nil : $0.position) }
        let (known, began) = state.withLock { state in
            var known: [RoomID: RoomOverview] = [:]
            for key in keys { known[key.room] = state.kept[key] }
            if known.count < keys.count { state.readings += 1 }
            return (known, state.changes)
        }
        guard known.count < keys.count else { return known }
        defer {
            state.withLock { state in
                state.readings -= 1
                if state.readings == 0 { state.lastChange = [:] }
            }
        }
        var found = known
        let missing = keys.filter { known[$0.room] == nil }
        for start in stride(from: 0, to: missing.count, by: RoomOverviewStore.roomsMax) {
            let part = missing[start..<min(start + RoomOverviewStore.roomsMax, missing.count)]
            let read = try await store.overviews(of: part.map { ($0.room, $0.upTo ?? ShardSequence(.max)) })
            found.merge(read) { $1 }
            keep(part, read, since: began)
        }
        return found
    }

    private func keep(_ keys: ArraySlice<Key>, _ read: [RoomID: RoomOverview], since began: Int) {
        state.withLock { state in
            guard state.lastUnexplained <= began else { return }
            if state.kept.count + keys.count > Self.roomsMax { state.kept = [:] }
            for key in keys where state.lastChange[key.room] ?? 0 <= began { state.kept[key] = read[key.room] }
        }
    }
}
