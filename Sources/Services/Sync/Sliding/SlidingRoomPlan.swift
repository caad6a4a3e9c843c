import Identifiers
import ReplicationLog
import Storage

/// A room that an answer is to speak of, and from where on.
struct SlidingRoomPlan: Sendable {
    let room: UserRoom
    /// Where the client's knowledge of the room ends; `nil`: it begins anew.
    let since: ShardSequence?
    /// Where the client was: what came later is live.
    let live: ShardSequence
    let upTo: ShardSequence
    let config: RoomConfig
    /// What state the client was given; what is wanted beyond it is given now.
    let givenState: RequiredState
    /// Whether the client is given the newest events though it has had some.
    let isTimelineExpanded: Bool
    /// Whether more is wanted of the state than was.
    let isStateExpanded: Bool
    let changes: SyncChanges.InRoom
    /// Whether a receipt of the user's own has come, so that counts may have changed.
    var hasOwnReceipt = false
    /// What the client knows of a room that the user is not in.
    var left: LeftRoom.Known = .nothing
    /// Whether the client is told if the room is a direct one, and that it is.
    var isDirect: Bool?
    var unread: RoomUnread?
    var overview: RoomOverview?
    /// The lists the room is in.
    var lists: [String] = []
}

/// Decides what an answer speaks of.
struct SlidingPlanner: Sendable {
    /// The most rooms of one answer; the others of a window come with the next, which is never long in coming.
    static let roomsMax = 100

    let request: SlidingRequest
    let knowledge: SlidingKnowledge
    let user: UserRooms
    let changes: SyncChanges
    let transitions: [RoomID: MembershipTransition]
    /// Whether which rooms are direct ones has changed.
    let hasDirectChanged: Bool
    let cut: Cut

    /// Rooms to speak of, at most ``roomsMax``, and rooms of which the client misses something from now on.
    func plan(_ selection: SlidingSelection) -> (plans: [SlidingRoomPlan], missed: [SlidingRoom]) {
        var plans: [SlidingRoomPlan] = []
        var missed: [SlidingRoom] = []
        for id in selection.order {
            guard let room = user[id], let config = selection.configs[id], let plan = plan(room, config) else {
                continue
            }
            if plans.count < Self.roomsMax {
                plans.append(plan)
            } else if let missing = self.missed(id) {
                missed.append(missing)
            }
        }
        for id in changes.rooms.keys where selection.configs[id] == nil {
            if let missing = self.missed(id) { missed.append(missing) }
        }
        for id in transitions.keys where selection.configs[id] == nil && changes.rooms[id] == nil {
            if let missing = self.missed(id) { missed.append(missing) }
        }
        return (plans, missed)
    }

    /// The client knows the room up to where it was, and misses what has come since.
    private func missed(_ id: RoomID) -> SlidingRoom? {
        guard let known = knowledge.rooms.rooms[id], known.sentUpTo == nil, let position = knowledge.position,
            let room = user[id]
        else { return nil }
        return SlidingRoom(
            room: id, sentUpTo: position.cut[room.shard], timelineLimit: known.timelineLimit, config: known.config)
    }

    private func plan(_ room: UserRoom, _ config: RoomConfig) -> SlidingRoomPlan? {
        let end = room.membership == .join ? cut[room.shard] : room.position
        guard let known = knowledge.rooms.rooms[room.room], let position = knowledge.position else {
            return SlidingRoomPlan(
                room: room, since: nil, live: knowledge.position?.cut[room.shard] ?? end, upTo: end, config: config,
                givenState: RequiredState(), isTimelineExpanded: false, isStateExpanded: false, changes: [])
        }
        let live = position.cut[room.shard]
        let since = known.sentUpTo ?? live
        let given = knowledge.state(of: known)
        let isContinued = isContinued(room, known, since)
        let changes = known.sentUpTo == nil ? changes.rooms[room.room] ?? [] : [.events, .state, .receipts]
        let isTimelineExpanded = config.timelineLimit > known.timelineLimit && room.membership == .join
        let isStateExpanded = given.union(config.state) != given && room.membership == .join
        guard
            !isContinued || known.sentUpTo != nil || !changes.isEmpty || room.position > since || isTimelineExpanded
                || isStateExpanded || hasDirectChanged
        else { return nil }
        var plan = SlidingRoomPlan(
            room: room, since: isContinued ? since : nil, live: live, upTo: end,
            config: RoomConfig(timelineLimit: config.timelineLimit, state: given.union(config.state)),
            givenState: given, isTimelineExpanded: isTimelineExpanded, isStateExpanded: isStateExpanded,
            changes: room.membership == .join ? changes : [.events, .state])
        if let transition = transitions[room.room], known.sentUpTo == nil { plan.left = transition.known(since: since) }
        return plan
    }

    /// Whether what the client knows of the room is still the beginning of what it is told.
    private func isContinued(_ room: UserRoom, _ known: SlidingRoom, _ since: ShardSequence) -> Bool {
        guard room.position > since else { return true }
        guard known.sentUpTo == nil, let transition = transitions[room.room] else { return false }
        return transition.staysJoined || transition.before?.membership == .join && room.membership != .join
            || transition.before?.membership != .join && !transition.wasJoinedBetween && room.membership != .join
    }
}
