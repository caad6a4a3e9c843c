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
        guard let rooms = try await rooms(of: [user], at: cut)[user] else {
            throw StoreError.malformedRow("access_token.user_id")
        }
        return rooms
    }

    /// The memberships of each of `users` who has an account, at `cut`.
    func rooms(of users: [UserID], at cut: Cut) async throws -> [UserID: UserRooms] {
        var (found, unknown, began) = state.withLock { state in
            // An update applied already, though nobody sees its cut yet, will not be applied to what is read now.
            let reading = Reading(updates: state.updates, isBehind: state.cut.map { !cut.isAtLeast($0) } ?? false)
            var found: [UserID: UserRooms] = [:]
            var unknown: [UserID] = []
            for user in users {
                if let kept = state.kept[user], Self.holds(kept, at: cut) {
                    found[user] = kept.rooms
                } else {
                    unknown.append(user)
                    state.reading[user, default: 0] += 1
                }
            }
            return (found, unknown, reading)
        }
        guard !unknown.isEmpty else { return found }
        defer { state.withLock { state in for user in unknown { Self.endReading(user, &state) } } }
        for start in stride(from: 0, to: unknown.count, by: UserMembershipStore.usersMax) {
            let part = unknown[start..<min(start + UserMembershipStore.usersMax, unknown.count)]
            let read = try await read(Array(part), at: cut)
            state.withLock { state in for rooms in read { keep(Kept(rooms: rooms, cut: cut), began, &state) } }
            for rooms in read { found[rooms.user] = rooms }
        }
        return found
    }

    /// What was read at a later cut holds at an earlier one too, as long as none of its changes lies between.
    private static func holds(_ kept: Kept, at cut: Cut) -> Bool {
        cut.isAtLeast(kept.cut) || kept.rooms.rooms.values.allSatisfy { $0.position <= cut[$0.shard] }
    }

    private func read(_ users: [UserID], at cut: Cut) async throws -> [UserRooms] {
        async let shards = accounts.shards(of: users)
        // One user is what is asked for most; the statement for many has more to plan.
        let rooms =
            if users.count == 1 {
                [users[0]: try await store.memberships(of: users[0], upTo: cut.positions)]
            } else {
                try await store.memberships(of: users, upTo: cut.positions)
            }
        return try await shards.map { user, shard in UserRooms(user: user, shard: shard, rooms: rooms[user] ?? []) }
    }

    /// Keeps what was read unless the tail has brought something about the user since, or was ahead already.
    private func keep(_ read: Kept, _ began: Reading, _ state: inout State) {
        let user = read.rooms.user
        let isCurrent = state.lastUnexplained <= began.updates && (state.lastChange[user] ?? 0) <= began.updates
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
