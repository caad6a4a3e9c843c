import Events
import Identifiers
import RoomReading
import Storage
import Synchronization

/// Rooms' summaries at roots of their state, each counted once for all readers.
final class RoomSummaries: Sendable {
    /// Summaries kept; beyond, the memory starts anew.
    static let rememberedMax = 50_000

    private struct State {
        var remembered: [StateRootID: RoomSummary] = [:]
        var counting: [StateRootID: Task<RoomSummary, any Error>] = [:]
    }

    private let store: RoomSummaryStore
    private let roots: StateRoots
    private let events: EventStore
    private let state = Mutex(State())

    init(store: RoomSummaryStore, roots: StateRoots, events: EventStore) {
        self.store = store
        self.roots = roots
        self.events = events
    }

    /// The summary of `room` at `position`, where its current state has `root`.
    func summary(of room: UserRoom, at position: ShardSequence, root: StateRootID) async throws -> RoomSummary {
        let (known, task) = state.withLock { state -> (RoomSummary?, Task<RoomSummary, any Error>?) in
            if let known = state.remembered[root] { return (known, nil) }
            if let counting = state.counting[root] { return (nil, counting) }
            let task = Task { try await self.count(room, at: position, root: root) }
            state.counting[root] = task
            return (nil, task)
        }
        if let known { return known }
        guard let task else { preconditionFailure("a summary is known or being counted") }
        return try await task.value
    }

    private func count(_ room: UserRoom, at position: ShardSequence, root: StateRootID) async throws -> RoomSummary {
        defer { state.withLock { $0.counting[root] = nil } }
        var (summary, later) = try await store.summary(of: room.room, at: position)
        if !later.isEmpty { try await add(later, of: room, root: root, to: &summary) }
        let counted = summary
        state.withLock { state in
            if state.remembered.count >= Self.rememberedMax { state.remembered = [:] }
            state.remembered[root] = counted
        }
        return counted
    }

    /// Members that have changed since the position count as they were there.
    private func add(
        _ users: [UserID], of room: UserRoom, root: StateRootID, to summary: inout RoomSummary
    ) async throws {
        let tree = try await roots.tree(root, of: room.room)
        let ids = users.compactMap { tree[.member($0)] }
        let members = try await events.events(ids, of: room.room, rules: room.placement.version.rules)
        for user in users {
            guard let member = tree[.member(user)].flatMap({ members[$0] }) else { continue }
            switch member.event.membership.flatMap({ RoomMembership(rawValue: $0) }) {
            case .join:
                summary.joinedCount += 1
                summary.present.append(user)
            case .invite:
                summary.invitedCount += 1
                summary.present.append(user)
            case .leave, .ban: summary.gone.append(user)
            case .knock, nil: break
            }
        }
    }
}

extension RoomSummary {
    /// The most heroes a client is told.
    static let heroesShownMax = 5

    /// Those whose names can stand for the room's, never the reader's own.
    func heroes(for user: UserID) -> [UserID] {
        let others = present.filter { $0 != user }
        return Array((others.isEmpty ? gone.filter { $0 != user } : others).prefix(Self.heroesShownMax))
    }
}
