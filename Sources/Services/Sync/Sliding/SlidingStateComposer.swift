import CanonicalJSON
import Events
import Identifiers
import NIOCore
import RoomReading
import Storage

/// What a sliding sync is told of a room's state, and of the room by it.
struct SlidingState: Sendable {
    var part = StatePart()
    /// Keys that left the state.
    var removed: [StateMapKey] = []
    /// `nil`: nothing of it changed.
    var about: SlidingAbout?
    /// Members whose events the client gets with this answer.
    var members: Set<UserID> = []

    var isEmpty: Bool { part.isEmpty && removed.isEmpty && about == nil }

    func write(to writer: inout SpliceWriter) {
        about?.write(to: &writer.json)
        writer.json.key("required_state")
        writer.json.beginArray()
        writer.elements(part.shared)
        for event in part.own { event.writeAsState(to: &writer.json) }
        for key in removed {
            writer.json.value(["type": .string(key.type), "state_key": .string(key.stateKey)] as JSONObject)
        }
        writer.json.endArray()
    }
}

/// Composes the state a client wants of a room: all of it at first, then what changes.
struct SlidingStateComposer: Sendable {
    let readers: RoomReaders
    let viewer: Viewer
    let plan: SlidingRoomPlan
    let timeline: Timeline
    let run: RoomRun?
    /// Members the client has been told about.
    let told: Set<UserID>
    /// Whether the user was ever in the room.
    let hasState: Bool
    let form: SlidingRequest.Form

    private var room: UserRoom { plan.room }
    private var required: RequiredState { plan.config.state }

    func compose() async throws -> SlidingState {
        guard hasState else { return SlidingState() }
        if case .membership = plan.left, plan.since != nil { return SlidingState() }
        guard let since = plan.since else { return try await whole() }
        return try await changes(since: since)
    }

    private func whole() async throws -> SlidingState {
        guard let root = try await root() else { return SlidingState() }
        let tree = try await readers.tree(root, of: room)
        var state = SlidingState(about: try await about(tree, root))
        if let selection = required.selection {
            state.part.shared = try await readers.states.pieces(
                at: root, of: room.room, rules: room.placement.version.rules, selection)
        } else {
            state.part.own = try await events(required.events(of: tree))
        }
        try await addLazyMembers(of: tree, to: &state)
        return state
    }

    private func changes(since: ShardSequence) async throws -> SlidingState {
        var state = SlidingState()
        var deltas: [StateDelta] = []
        if let run, run.start <= since {
            deltas = StateDelta.folding(
                run.changes.drop { $0.position <= since }.prefix { $0.position <= plan.upTo }, middle: since)
        } else if plan.changes.contains(.events) || plan.changes.contains(.state) {
            deltas = try await readers.deltas.deltas(of: room.room, after: since, middle: since, upTo: plan.upTo)
        }
        let changed = deltas.filter { $0.before != $0.after }
        let isExpanded = plan.isStateExpanded
        let needsMembers = required.lazyMembers && !timeline.events.isEmpty
        guard !changed.isEmpty || isExpanded || needsMembers, let root = try await root() else { return state }
        let tree = try await readers.tree(root, of: room)
        // Whoever misses nothing may keep the list of members they have.
        let withMembers = required.lazyMembers && !timeline.isLimited
        let wanted = changed.filter { required.wants($0.key) || withMembers && $0.key.isType("m.room.member") }
        var ids = wanted.compactMap(\.after)
        if isExpanded { ids += try await expansion(tree, without: Set(ids)) }
        state.part.own = try await events(ids)
        if form == .merged { state.removed = wanted.filter { $0.after == nil }.map(\.key) }
        if changed.contains(where: { SlidingAbout.isAbout($0.key) }) { state.about = try await about(tree, root) }
        try await addLazyMembers(of: tree, to: &state)
        return state
    }

    /// What is wanted now and was not before.
    private func expansion(_ tree: StateTree, without known: Set<EventID>) async throws -> [EventID] {
        let given = Set(plan.givenState.events(of: tree))
        return required.events(of: tree).filter { !given.contains($0) && !known.contains($0) }
    }

    private func root() async throws -> StateRootID? {
        if let run, run.start <= plan.upTo { return run.root(at: plan.upTo) }
        return try await readers.deltas.roots(of: [(room.room, plan.upTo, plan.upTo)])[room.room]?.last
    }

    /// The members whose events the timeline needs, unless the client has them.
    private func addLazyMembers(of tree: StateTree, to state: inout SlidingState) async throws {
        guard required.lazyMembers else { return }
        let given = Set(state.part.own.compactMap(\.stored.event.memberTarget))
        let events = timeline.events.map(\.stored.event)
        let needed = Set(events.map(\.sender)).union(events.compactMap(\.memberTarget))
            .subtracting(told).subtracting(given)
        state.part.own += try await self.events(needed.sorted().compactMap { tree[.member($0)] })
        state.members = needed.union(given)
    }

    private func about(_ tree: StateTree, _ root: StateRootID) async throws -> SlidingAbout {
        let summary = try await readers.summaries.summary(of: room, at: plan.upTo, root: root)
        let keys = [StateMapKey(type: "m.room.name", stateKey: ""), StateMapKey(type: "m.room.avatar", stateKey: "")]
        let found = try await readers.stateEvents(keys.compactMap { tree[$0] }, of: room, in: run)
        func text(_ key: StateMapKey, _ member: String) -> String? {
            tree[key].flatMap { found[$0]?.stored.event.content[member]?.stringValue }.flatMap { $0.isEmpty ? nil : $0 }
        }
        let name = text(keys[0], "name")
        let heroes = name == nil ? summary.heroes(for: viewer.user) : []
        let members = try await events(heroes.compactMap { tree[.member($0)] })
        return SlidingAbout(
            name: name, avatar: text(keys[1], "url"), heroes: name == nil ? members.map(\.stored.event) : nil,
            joinedCount: summary.joinedCount, invitedCount: summary.invitedCount, isDelta: plan.since != nil, form: form
        )
    }

    private func events(_ ids: [EventID]) async throws -> [PreparedEvent] {
        let found = try await readers.stateEvents(ids, of: room, in: run)
        return ids.compactMap { found[$0] }
    }
}

/// A room's name and what stands for it.
struct SlidingAbout: Sendable {
    let name: String?
    let avatar: String?
    /// Their member events; `nil`: the room has a name.
    let heroes: [Event]?
    let joinedCount: Int
    let invitedCount: Int
    /// Whether what is not there has to be said.
    let isDelta: Bool
    let form: SlidingRequest.Form

    /// Whether a change of `key` changes something of it.
    static func isAbout(_ key: StateMapKey) -> Bool {
        key.isType("m.room.name") || key.isType("m.room.avatar") || key.isType("m.room.member")
    }

    func write(to writer: inout JSONWriter) {
        for (key, value) in [("name", name), ("avatar", avatar)] {
            if let value {
                writer.member(key, value)
            } else if isDelta, form == .merged {
                writer.member(key, .null)
            }
        }
        if let heroes {
            writer.member(
                "heroes",
                .array(
                    heroes.map { member in
                        var hero: JSONObject = ["user_id": .string(member.stateKey ?? "")]
                        for key in ["displayname", "avatar_url"] {
                            hero[key] = member.content[key]?.stringValue.map { .string($0) }
                        }
                        return .object(hero)
                    }))
        }
        writer.member("joined_count", joinedCount)
        writer.member("invited_count", invitedCount)
    }
}
