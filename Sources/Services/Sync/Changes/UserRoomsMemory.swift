import Collections
import Identifiers
import ReplicationLog
import Storage
import Synchronization

// What a user's memberships were at a cut never changes, and the log says when they change afterwards. So they are read
// once and hold for every later cut until the tail brings a membership entry of the user. The tail calls ``apply(_:)``
// before anybody can see its new cut; whatever was being read meanwhile serves its own request and is not kept.

/// Users' memberships, kept while the log says that they have not changed.
final class UserRoomsMemory: Sendable {
    /// The most users kept.
    static let usersMax = 20_000
    /// The most memberships kept, over all users.
    static let roomsMax = 1_000_000

    private struct Kept {
        let rooms: UserRooms
        let cut: Cut
    }

    /// What had been applied when a reading began.
    private struct Reading {
        let updates: Int
        let isBehind: Bool
    }

    private struct State {
        var kept: OrderedDictionary<UserID, Kept> = [:]
        var count = 0
        /// How many updates the tail has brought.
        var updates = 0
        var cut: Cut?
        /// The last update that could not say what it changed.
        var lastUnexplained = 0
        /// For how many requests each user's memberships are being read.
        var reading: [UserID: Int] = [:]
        /// The last update that changed each of those users.
        var lastChange: [UserID: Int] = [:]
    }

    private let store: UserMembershipStore
    private let accounts: AccountStore
    private let state = Mutex(State())

    init(store: UserMembershipStore, accounts: AccountStore) {
        self.store = store
        self.accounts = accounts
    }

    /// The tail has moved.
    func apply(_ update: TailUpdate) {
        state.withLock { state in
            state.updates += 1
            state.cut = update.cut
            if !update.unexplained.isEmpty {
                state.kept = [:]
                state.count = 0
                state.lastUnexplained = state.updates
            }
            for entry in update.entries where entry.kind == .membership {
                guard let user = UserID(entry.key.string) else { continue }
                if let dropped = state.kept.removeValue(forKey: user) { state.count -= dropped.rooms.rooms.count }
                if state.reading[user] != nil { state.lastChange[user] = state.updates }
            }
        }
    }

    /// The memberships of `user`, who has an account, at `cut`.
    ///
    /// - Throws: `StoreError.malformedRow` without an account.
    func rooms(of user: UserID, at cut: Cut) async throws -> UserRooms {
        let known: UserRooms?
        let began: Reading
        (known, began) = state.withLock { state in
            // An update applied already, though nobody sees its cut yet, will not be applied to what is read now.
            let reading = Reading(updates: state.updates, isBehind: state.cut.map { !cut.isAtLeast($0) } ?? false)
            if let kept = state.kept[user], Self.holds(kept, at: cut) { return (kept.rooms, reading) }
            state.reading[user, default: 0] += 1
            return (nil, reading)
        }
        if let known { return known }
        do {
            let rooms = try await read(user, at: cut)
            state.withLock { finish(user, Kept(rooms: rooms, cut: cut), began, &$0) }
            return rooms
        } catch {
            state.withLock { Self.endReading(user, &$0) }
            throw error
        }
    }

    /// What was read at a later cut holds at an earlier one too, as long as none of its changes lies between.
    private static func holds(_ kept: Kept, at cut: Cut) -> Bool {
        cut.isAtLeast(kept.cut) || kept.rooms.rooms.values.allSatisfy { $0.position <= cut[$0.shard] }
    }

    private func read(_ user: UserID, at cut: Cut) async throws -> UserRooms {
        async let rooms = store.memberships(of: user, upTo: cut.positions)
        guard let shard = try await accounts.shards(of: [user])[user] else {
            throw StoreError.malformedRow("access_token.user_id")
        }
        return UserRooms(user: user, shard: shard, rooms: try await rooms)
    }

    /// Keeps what was read unless the tail has brought something about the user since, or was ahead already.
    private func finish(_ user: UserID, _ read: Kept, _ began: Reading, _ state: inout State) {
        let isCurrent = state.lastUnexplained <= began.updates && (state.lastChange[user] ?? 0) <= began.updates
        Self.endReading(user, &state)
        guard isCurrent, !began.isBehind else { return }
        if let old = state.kept.updateValue(read, forKey: user) { state.count -= old.rooms.rooms.count }
        state.count += read.rooms.rooms.count
        while state.kept.count > Self.usersMax || (state.count > Self.roomsMax && state.kept.count > 1) {
            state.count -= state.kept.removeFirst().value.rooms.rooms.count
        }
    }

    private static func endReading(_ user: UserID, _ state: inout State) {
        guard let count = state.reading[user] else { return }
        state.reading[user] = count == 1 ? nil : count - 1
        if count == 1 { state.lastChange[user] = nil }
    }
}
