import CanonicalJSON
import Identifiers
import NIOCore
import ReplicationLog
import RoomReading
import Storage

/// An answer to a sliding sync, and what is to be remembered once it is given.
struct SlidingAnswer: PollAnswer {
    let isEmpty: Bool
    /// The body's JSON but for the end: `pos` and the brace.
    let writer: SpliceWriter
    /// Rooms of which the client knows something else once it has the answer.
    let told: [SlidingRoom]
    let configs: [Int64: [UInt8]]
    let cut: Cut
    let typing: TypingPosition
    /// The members the client is told about, for those that load members lazily.
    let members: [RoomID: Set<UserID>]
}

/// Composes answers to sliding syncs, each at one cut.
///
/// A class for the same reason as ``SyncComposer``.
final class SlidingComposer: Sendable {
    let readers: RoomReaders
    let lists: SlidingLists
    let finder: ChangeFinder
    let transitions: MembershipTransitions
    let extensions: SlidingExtensionComposer
    let users: UserRoomsMemory
    let preferences: UserPreferencesMemory

    init(
        readers: RoomReaders, lists: SlidingLists, finder: ChangeFinder, transitions: MembershipTransitions,
        extensions: SlidingExtensionComposer, users: UserRoomsMemory, preferences: UserPreferencesMemory
    ) {
        self.readers = readers
        self.lists = lists
        self.finder = finder
        self.transitions = transitions
        self.extensions = extensions
        self.users = users
        self.preferences = preferences
    }

    /// The answer to `request` at `cut`, for a client that knows `knowledge` and has been told of `members`.
    ///
    /// - Precondition: `cut` is not ahead of the tail, the client's position not ahead of `cut`.
    func compose(
        _ request: SlidingRequest, _ knowledge: SlidingKnowledge, members: [RoomID: Set<UserID>], at cut: Cut
    ) async throws -> SlidingAnswer {
        let user = try await users.rooms(of: request.viewer.user, at: cut)
        let preferences = try await preferences.preferences(of: user.user)
        let from = knowledge.position?.cut ?? cut
        let changes = try await finder.changes(for: user, after: from, upTo: cut)
        let selection = try await lists.select(request, for: user, preferences, known: Set(knowledge.rooms.rooms.keys))
        let accountData = try await extensions.changedAccountData(of: user, changes, after: from, upTo: cut)
        let transitions =
            changes.hasMemberships ? try await self.transitions.read(user, after: from, upTo: cut) : [:]
        let planner = SlidingPlanner(
            request: request, knowledge: knowledge, user: user, changes: changes, transitions: transitions,
            hasDirectChanged: accountData.contains { $0.isDirectRooms }, cut: cut)
        let (planned, missed) = planner.plan(selection)
        let context = SlidingContext(
            request: request, knowledge: knowledge, user: user, preferences: preferences, selection: selection,
            planned: Set(planned.map(\.room.room)), changes: changes, transitions: transitions,
            changedAccountData: accountData, cut: cut)
        let news = try await extensions.news(context)
        let plans = try await complete(with(news, planned, planner, context), context)
        let answers = try await concurrently(plans) { [readers] plan in
            try await SlidingRoomComposer(
                readers: readers, form: request.form, viewer: request.viewer, unwanted: preferences.unwanted,
                plan: plan,
                told: plan.since == nil ? [] : members[plan.room.room] ?? []
            ).compose()
        }
        return try await write(context, news, zip(plans, answers).map { ($0, $1) }, missed)
    }

    // MARK: Plans

    /// The plans with what else there is to say of their rooms, and plans for rooms of which only that is to be said.
    private func with(
        _ news: SlidingNews, _ planned: [SlidingRoomPlan], _ planner: SlidingPlanner, _ context: SlidingContext
    ) -> [SlidingRoomPlan] {
        planned.map { plan in
            var plan = plan
            plan.hasOwnReceipt = news.receipts[plan.room.room]?.contains { $0.user == context.user.user } ?? false
            let isDirect = context.preferences.directRooms.contains(plan.room.room)
            let hasChanged = planner.hasDirectChanged && plan.since != nil
            plan.isDirect = hasChanged || plan.since == nil && isDirect ? isDirect : nil
            plan.overview = context.selection.overviews[plan.room.room]
            plan.lists = context.selection.windows.filter { $0.rooms.contains(plan.room.room) }.map(\.name)
            return plan
        }
    }

    private func complete(_ plans: [SlidingRoomPlan], _ context: SlidingContext) async throws -> [SlidingRoomPlan] {
        let joined = plans.filter { $0.room.membership == .join }
        guard context.request.form == .deployed, !joined.isEmpty else { return plans }
        let counts = try await readers.unread.counts(
            in: joined.map { UnreadRequest(room: $0.room.room, joinedAt: $0.room.position, upTo: $0.upTo) },
            for: context.user.user, rules: context.preferences.pushRules,
            ignoring: context.preferences.unwanted.counted(for: context.user.user), listsThreads: false)
        return plans.map { plan in
            var plan = plan
            if plan.room.membership == .join { plan.unread = counts[plan.room.room] ?? RoomUnread() }
            return plan
        }
    }

    // MARK: The whole

    private func write(
        _ context: SlidingContext, _ news: SlidingNews, _ rooms: [(SlidingRoomPlan, SlidingRoomAnswer?)],
        _ missed: [SlidingRoom]
    ) async throws -> SlidingAnswer {
        let sent = rooms.compactMap { plan, answer in answer.map { (plan: plan, answer: $0) } }
        let (extensions, isSilent) = try await extensions.write(
            news, context,
            timelines: Dictionary(
                sent.map { ($0.plan.room.room, $0.answer.timeline) }, uniquingKeysWith: { $1 }))
        var writer = SpliceWriter()
        writer.json.beginObject()
        writer.json.key("lists")
        write(context.selection.windows, context.request.form, to: &writer.json)
        writer.json.key("rooms")
        writer.json.beginObject()
        for (plan, answer) in sent {
            writer.json.key(plan.room.room.rawValue)
            writer.value(answer.pieces)
        }
        writer.json.endObject()
        writer.json.member("extensions", raw: extensions)
        var configs: [Int64: [UInt8]] = [:]
        let told = rooms.compactMap { plan, answer in record(of: plan, answer, context, &configs) } + missed
        return SlidingAnswer(
            isEmpty: sent.isEmpty && isSilent, writer: writer, told: told, configs: configs, cut: context.cut,
            typing: news.typingPosition,
            members: Dictionary(
                sent.compactMap { $0.answer.members.isEmpty ? nil : ($0.plan.room.room, $0.answer.members) },
                uniquingKeysWith: { $1 }))
    }

    /// What the client knows of a room it was told of, if that is something else than before.
    private func record(
        of plan: SlidingRoomPlan, _ answer: SlidingRoomAnswer?, _ context: SlidingContext,
        _ configs: inout [Int64: [UInt8]]
    ) -> SlidingRoom? {
        let known = context.knowledge.rooms.rooms[plan.room.room]
        let isContinued = plan.since != nil && !(answer?.isLimited ?? false)
        let limit = isContinued ? max(plan.config.timelineLimit, known?.timelineLimit ?? 0) : plan.config.timelineLimit
        let config = plan.config.state.name
        let record = SlidingRoom(room: plan.room.room, sentUpTo: nil, timelineLimit: limit, config: config)
        guard record != known else { return nil }
        configs[config] = plan.config.state.json.bytes()
        return record
    }

    private func write(
        _ windows: [SlidingSelection.Window], _ form: SlidingRequest.Form, to writer: inout JSONWriter
    ) {
        writer.beginObject()
        for window in windows {
            writer.key(window.name)
            writer.beginObject()
            writer.member("count", window.count)
            // What clients of the first form of this API read the order from.
            if form == .deployed {
                let operations = window.ranges.map { range, rooms -> JSONValue in
                    [
                        "op": "SYNC", "range": [.int(Int64(range.lowerBound)), .int(Int64(range.upperBound))],
                        "room_ids": .array(rooms.map { .string($0.rawValue) }),
                    ]
                }
                writer.member("ops", .array(operations))
            }
            writer.endObject()
        }
        writer.endObject()
    }
}

/// What one answer is composed of.
struct SlidingContext: Sendable {
    let request: SlidingRequest
    let knowledge: SlidingKnowledge
    let user: UserRooms
    let preferences: UserPreferences
    let selection: SlidingSelection
    /// The rooms of the selection that there may be something to say of now.
    let planned: Set<RoomID>
    let changes: SyncChanges
    /// Of rooms in which the user's membership changed.
    let transitions: [RoomID: MembershipTransition]
    /// What of the user's account data was set since the client was last answered.
    let changedAccountData: [AccountDataItem]
    let cut: Cut

    /// Rooms the client is told of for the first time.
    var newRooms: [RoomID] { selection.order.filter { planned.contains($0) && knowledge.rooms.rooms[$0] == nil } }
    var viewer: Viewer { request.viewer }
    /// Where the client was, of each shard; `nil`: nowhere.
    var from: Cut? { knowledge.position?.cut }
}
