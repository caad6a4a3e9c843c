import Identifiers
import ReplicationLog
import Storage

/// How a user's relation to one room went between two cuts.
struct MembershipTransition: Sendable {
    /// At the earlier cut; `nil`: none yet.
    let before: UserRoom?
    /// At the later cut.
    let after: UserRoom
    /// Whether the user was in the room at both cuts and all the time between.
    let staysJoined: Bool
    /// Whether the user was in the room at any time after the earlier cut.
    let wasJoinedBetween: Bool

    /// What a client that followed up to `since` knows of a room the user is no longer in.
    func known(since: ShardSequence) -> LeftRoom.Known {
        if before?.membership == .join { return .room(since) }
        return wasJoinedBetween ? .nothing : .membership(since)
    }
}

/// Reads how a user's memberships went between two cuts.
struct MembershipTransitions: Sendable {
    let store: UserMembershipStore

    /// The transitions of the rooms in which the user's membership changed.
    func read(_ user: UserRooms, after from: Cut, upTo to: Cut) async throws -> [RoomID: MembershipTransition] {
        let ranges = to.shards.filter { from[$0] < to[$0] }
            .map { ShardRange(shard: $0, after: from[$0], upTo: to[$0]) }
        let changes = Dictionary(grouping: try await store.changes(of: user.user, in: ranges), by: \.room)
        let before = try await store.memberships(
            of: user.user, in: changes.values.compactMap { $0.first.map { ($0.room, from[$0.shard]) } })
        return changes.compactMapValues { steps in
            guard let last = steps.last, let first = steps.first else { return nil }
            let before = before[first.room]
            return MembershipTransition(
                before: before, after: last,
                staysJoined: before?.membership == .join && steps.allSatisfy { $0.membership == .join },
                wasJoinedBetween: steps.contains { $0.membership == .join })
        }
    }
}
