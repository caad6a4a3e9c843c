import Identifiers
import Synchronization
import WorkerContracts
import WorkerRuntime

/// Who types in the rooms this writer owns; lives here and nowhere else, and goes out by the feed.
package final class TypingBoard: FeedBoard {
    /// Users who type in one room at a time; more are not shown.
    package static let usersPerRoomMax = 100
    /// Rooms in which somebody types at a time.
    static let roomsMax = 10_000
    /// How often it is looked for users whose time is over.
    static let expiryInterval = Duration.milliseconds(200)

    private struct Room {
        let shard: ShardID
        var users: [UserID: ContinuousClock.Instant] = [:]
    }

    private struct State {
        var rooms: [RoomID: Room] = [:]
        var counter: Int64 = 0
    }

    private let boot: String
    private let hub: FeedHub
    private let state = Mutex(State())

    /// - Parameter boot: names this run of this writer.
    package init(boot: String, hub: FeedHub) {
        self.boot = boot
        self.hub = hub
    }

    /// Sets until when `user` types; `nil`: not any more.
    ///
    /// - Returns: false when too many type already.
    package func set(_ user: UserID, in room: RoomID, of shard: ShardID, until: ContinuousClock.Instant?) -> Bool {
        state.withLock { state in
            var entry = state.rooms[room] ?? Room(shard: shard)
            let isKnown = entry.users[user] != nil
            if until != nil, !isKnown {
                guard entry.users.count < Self.usersPerRoomMax,
                    state.rooms[room] != nil || state.rooms.count < Self.roomsMax
                else { return false }
            }
            entry.users[user] = until
            state.rooms[room] = entry.users.isEmpty ? nil : entry
            if isKnown != (until != nil) { publish(room, entry, &state) }
            return true
        }
    }

    /// Forgets the rooms of a shard that is somebody else's from now on.
    func drop(_ shard: ShardID) {
        remove { room, _ in room.shard == shard }
    }

    /// Ends typing whose time is over, until cancelled.
    func run() async {
        await repeatUntilCancelled(every: Self.expiryInterval) {
            expire(at: .now)
        }
    }

    func expire(at now: ContinuousClock.Instant) {
        remove { _, until in until <= now }
    }

    private func remove(where isOver: (Room, ContinuousClock.Instant) -> Bool) {
        state.withLock { state in
            for (room, entry) in state.rooms {
                var kept = entry
                kept.users = entry.users.filter { !isOver(entry, $0.value) }
                guard kept.users.count < entry.users.count else { continue }
                state.rooms[room] = kept.users.isEmpty ? nil : kept
                publish(room, kept, &state)
            }
        }
    }

    func tell(_ listener: FeedListener) {
        state.withLock { state in
            for (room, entry) in state.rooms { listener.offer(.typing(typing(in: room, entry, state.counter))) }
        }
    }

    /// Published under the lock: counters reach the listeners in their order.
    private func publish(_ room: RoomID, _ entry: Room, _ state: inout State) {
        state.counter += 1
        hub.publish(.typing(typing(in: room, entry, state.counter)))
    }

    private func typing(in room: RoomID, _ entry: Room, _ counter: Int64) -> RoomTyping {
        RoomTyping(room: room, users: entry.users.keys.sorted(), boot: boot, counter: counter)
    }
}
