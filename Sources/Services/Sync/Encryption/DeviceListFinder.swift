import Identifiers
import ReplicationLog
import Storage

// A client keeps the devices of everybody it shares a room with. It has to look again at those whose devices or keys have
// changed, and at those it has not shared a room with until now; and it may forget those it shares none with any more.
// Who changed is found in the log, like who came and went in the client's rooms; whether they share a room is a matter of
// both users' memberships, which are in memory. Only after a long gap there are too many for that, and the database is
// asked: then a user may be told who had not to be, which costs the client a look.

/// Finds whose devices a client has to look up anew.
struct DeviceListFinder: Sendable {
    /// Users whose memberships are looked at one by one; of more at once the database is asked.
    static let oneByOneMax = 100

    let store: DeviceListStore
    let users: UserRoomsMemory

    /// The device lists that changed for `user` between two cuts.
    func lists(
        for user: UserRooms, _ changes: SyncChanges, _ transitions: [RoomID: MembershipTransition], after from: Cut,
        at cut: Cut
    ) async throws -> DeviceLists {
        var lists = DeviceLists()
        if changes.hasSignatures {
            lists.changed = try await store.signed(by: user.user, after: from[user.shard])
        }
        if changes.keyChanges.contains(user.user) { lists.changed.insert(user.user) }
        guard !changes.hasLostUsers else {
            lists.changed.formUnion(try await store.members(of: user.joined.map(\.room)))
            return lists
        }
        let came = transitions.values.filter { $0.after.membership == .join && !$0.staysJoined }
        lists.changed.formUnion(try await store.members(of: came.map(\.after.room)).subtracting([user.user]))
        let left = transitions.values.filter {
            $0.after.membership != .join && ($0.before?.membership == .join || $0.wasJoinedBetween)
        }
        let abandoned = try await store.members(of: left.map(\.after.room))
        var candidates = changes.keyChanges.union(changes.memberChanges.keys).union(abandoned)
        candidates.subtract(lists.changed)
        candidates.remove(user.user)
        guard !candidates.isEmpty else { return lists }
        let sharing = try await sharing(candidates, with: user, at: cut)
        for candidate in candidates {
            switch sharing[candidate] {
            case nil:
                let hasLeft = changes.memberChanges[candidate] != nil || abandoned.contains(candidate)
                if hasLeft { lists.left.insert(candidate) }
            case .some(let known):
                if changes.keyChanges.contains(candidate) || hasCome(candidate, known, changes) {
                    lists.changed.insert(candidate)
                }
            }
        }
        return lists
    }

    /// How somebody is known to share a room.
    private enum Sharing {
        case memberships(UserRooms)
        case somehow
    }

    /// Whether somebody came into a room of the user's, as far as can be told.
    private func hasCome(_ candidate: UserID, _ known: Sharing, _ changes: SyncChanges) -> Bool {
        guard let rooms = changes.memberChanges[candidate] else { return false }
        guard case .memberships(let memberships) = known, !rooms.isEmpty else { return true }
        return rooms.contains { memberships.isJoined($0.text) }
    }

    /// Those of `candidates` who share a room with `user`.
    private func sharing(
        _ candidates: Set<UserID>, with user: UserRooms, at cut: Cut
    ) async throws -> [UserID: Sharing] {
        var found: [UserID: Sharing] = [:]
        var unknown = Array(candidates)
        if candidates.count <= Self.oneByOneMax {
            let read = try await concurrently(unknown) { try await memberships(of: $0, at: cut) }
            let looked = zip(unknown, read)
            unknown = []
            for (candidate, rooms) in looked {
                guard let rooms else {
                    unknown.append(candidate)
                    continue
                }
                if rooms.sharesRoom(with: user) { found[candidate] = .memberships(rooms) }
            }
        }
        for candidate in try await store.present(unknown, in: user.joined.map(\.room)) { found[candidate] = .somehow }
        return found
    }

    /// - Returns: `nil` for somebody without an account here.
    private func memberships(of user: UserID, at cut: Cut) async throws -> UserRooms? {
        do {
            return try await users.rooms(of: user, at: cut)
        } catch is StoreError {
            return nil
        }
    }
}
