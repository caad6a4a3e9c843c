import Events
import Identifiers
import RoomReading
import Storage

/// What an answer says of a room's state.
struct ComposedState: Sendable {
    var part = StatePart()
    /// `nil`: nothing has changed.
    var summary: SummaryPart?
    /// Members whose events the client gets with this answer.
    var members: Set<UserID> = []
}

/// Composes the state of a room the user is in, so that the client has the state at the end of the timeline.
struct StateComposer: Sendable {
    let readers: RoomReaders
    let request: SyncRequest
    let joined: JoinedRoom
    let timeline: Timeline
    let run: RoomRun?
    /// Members the client has been told about.
    let told: Set<UserID>

    private var room: UserRoom { joined.room }
    private var filter: SyncFilter { request.filter }
    private var isWanted: Bool { filter.state.wants(room: room.room) }
    /// Where the state is that the part shows.
    private var position: ShardSequence { request.usesStateAfter ? joined.upTo : timeline.start }
    private var timelineIDs: Set<EventID> { Set(timeline.events.map(\.stored.event.id)) }

    // MARK: All of it

    /// All of the state, for a client that knows none of it.
    func whole() async throws -> ComposedState {
        let roots = try await readers.deltas.roots(of: [(room.room, timeline.start, joined.upTo)])[room.room]
        let root = request.usesStateAfter ? roots?.last : roots?.first
        var composed = ComposedState()
        composed.summary = try await summary(root: roots?.last)
        guard isWanted else { return composed }
        if let root { composed.part = try await WholeState(readers: readers, filter: filter).part(at: root, of: room) }
        if filter.lazyLoadsMembers, filter.state.wants(type: "m.room.member") {
            let needed = neededMembers(heroes: composed.summary?.heroes ?? [], isWhole: true)
            composed.part.own = wanted(try await members(needed, root: root))
            composed.members = Set((composed.part.own + timeline.events).compactMap(\.stored.event.memberTarget))
        }
        // State resolution may have changed what the timeline does not show.
        if !request.usesStateAfter, roots?.first != roots?.last {
            let deltas = try await readers.deltas.deltas(
                of: room.room, after: timeline.start, middle: timeline.start, upTo: joined.upTo)
            let ids = StateChoice.events(of: deltas, timeline: timelineIDs, usesStateAfter: false)
            composed.part.own += wanted(try await events(ids))
        }
        return composed
    }

    // MARK: Changes

    /// What changed of the state since the client's token.
    func changes() async throws -> ComposedState {
        guard let since = joined.since, let run else { return ComposedState() }
        var composed = ComposedState()
        let deltas =
            run.start <= since
            ? StateDelta.folding(
                run.changes.drop { $0.position <= since }.prefix { $0.position <= joined.upTo }, middle: timeline.start)
            : try await readers.deltas.deltas(
                of: room.room, after: since, middle: timeline.start, upTo: joined.upTo)
        if try await changesSummary(deltas) { composed.summary = try await summary(root: try await root(joined.upTo)) }
        guard isWanted else { return composed }
        let ids = StateChoice.events(of: deltas, timeline: timelineIDs, usesStateAfter: request.usesStateAfter)
        composed.part.own = wanted(try await events(ids))
        composed.members = Set(composed.part.own.compactMap(\.stored.event.memberTarget))
        if filter.lazyLoadsMembers, filter.state.wants(type: "m.room.member") {
            let needed = neededMembers(heroes: composed.summary?.heroes ?? [], isWhole: false)
                .subtracting(composed.members)
            if !needed.isEmpty {
                let found = wanted(try await members(needed, root: try await root(position)))
                composed.part.own += found
                composed.members.formUnion(found.compactMap(\.stored.event.memberTarget))
            }
            composed.members.formUnion(timeline.events.compactMap(\.stored.event.memberTarget))
        }
        return composed
    }

    private func root(_ position: ShardSequence) async throws -> StateRootID? {
        if let run, run.start <= position { return run.root(at: position) }
        return try await readers.deltas.roots(of: [(room.room, position, position)])[room.room]?.first
    }

    // MARK: Members

    /// Whose member events the client needs to show the timeline, and does not have.
    private func neededMembers(heroes: [UserID], isWhole: Bool) -> Set<UserID> {
        var needed = Set(timeline.events.map(\.stored.event.sender)).union(heroes)
        if isWhole { needed.insert(request.viewer.user) }
        if !request.usesStateAfter, !isWhole {
            // The timeline itself brings them.
            needed.subtract(timeline.events.compactMap(\.stored.event.memberTarget))
        }
        return filter.includesRedundantMembers ? needed : needed.subtracting(told)
    }

    private func members(_ users: Set<UserID>, root: StateRootID?) async throws -> [PreparedEvent] {
        let tree = try await readers.tree(root, of: room)
        return try await events(users.sorted().compactMap { tree[.member($0)] })
    }

    // MARK: Summary

    /// Whether somebody came or went.
    private func changesSummary(_ deltas: [StateDelta]) async throws -> Bool {
        let members = deltas.filter { $0.key.isType("m.room.member") && $0.before != $0.after }
        guard !members.isEmpty else { return false }
        if members.contains(where: { $0.before == nil || $0.after == nil }) { return true }
        let events = try await readers.stateEvents(
            members.flatMap { [$0.before, $0.after].compactMap { $0 } }, of: room, in: run)
        func membership(_ id: EventID?) -> [UInt8]? {
            id.flatMap { events[$0]?.stored.event.membership }.map { Array($0.utf8) }
        }
        return members.contains { membership($0.before) != membership($0.after) }
    }

    private func summary(root: StateRootID?) async throws -> SummaryPart? {
        guard let root else { return nil }
        let summary = try await readers.summaries.summary(of: room, at: joined.upTo, root: root)
        let tree = try await readers.tree(root, of: room)
        let isNamed = try await hasName(tree)
        return SummaryPart(summary: summary, heroes: isNamed ? nil : summary.heroes(for: request.viewer.user))
    }

    private func hasName(_ tree: StateTree) async throws -> Bool {
        let names = [("m.room.name", "name"), ("m.room.canonical_alias", "alias")]
        let ids = names.compactMap { tree[StateMapKey(type: $0.0, stateKey: "")] }
        guard !ids.isEmpty else { return false }
        let events = try await readers.stateEvents(ids, of: room, in: run)
        return names.contains { type, member in
            tree[StateMapKey(type: type, stateKey: "")]
                .flatMap { events[$0]?.stored.event.content[member]?.stringValue }
                .map { !$0.isEmpty } ?? false
        }
    }

    // MARK: Events

    private func events(_ ids: [EventID]) async throws -> [PreparedEvent] {
        let found = try await readers.stateEvents(ids, of: room, in: run)
        return ids.compactMap { found[$0] }
    }

    private func wanted(_ events: [PreparedEvent]) -> [PreparedEvent] {
        filter.state.isEverything ? events : events.filter { filter.state.wants($0.stored.event) }
    }
}
