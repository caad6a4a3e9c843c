import CanonicalJSON
import ClientAPI
import Events
import Identifiers
import NIOCore
import RoomReading
import Storage

/// What an answer says of one room.
struct SlidingRoomAnswer: Sendable {
    /// A JSON object.
    let pieces: [ByteBuffer]
    /// Whether the client is not given everything since it last heard of the room.
    var isLimited = false
    /// Events of the timeline, for the receipts at them.
    var timeline: Set<EventID> = []
    /// The members the client is told about, for those that load members lazily.
    var members: Set<UserID> = []
}

/// Composes what a sliding sync is told of one room (MSC4186, "Room results").
struct SlidingRoomComposer: Sendable {
    let readers: RoomReaders
    let form: SlidingRequest.Form
    let viewer: Viewer
    let unwanted: UnwantedSenders
    let plan: SlidingRoomPlan
    /// Members of the room the client has been told about.
    let told: Set<UserID>

    private var room: UserRoom { plan.room }
    private var isInitial: Bool { plan.since == nil }

    /// - Returns: `nil` when there is nothing to say.
    func compose() async throws -> SlidingRoomAnswer? {
        switch room.membership {
        case .invite, .knock: try await stripped()
        case .join, .leave, .ban: try await whole()
        }
    }

    private func stripped() async throws -> SlidingRoomAnswer {
        var writer = SpliceWriter()
        writer.json.beginObject()
        writeCommon(to: &writer.json)
        writer.json.key(form == .deployed ? "invite_state" : "stripped_state")
        let events = try await StrippedRoomComposer(readers: readers).events(of: room, for: viewer.user)
        writer.json.beginArray()
        for event in events { writer.json.raw(event) }
        writer.json.endArray()
        writer.json.endObject()
        return SlidingRoomAnswer(pieces: writer.finish())
    }

    private func whole() async throws -> SlidingRoomAnswer? {
        let run = try await recentPart()
        let (timeline, rule) = try await timeline(run)
        var state = try await SlidingStateComposer(
            readers: readers, viewer: viewer, plan: plan, timeline: timeline, run: run, told: told,
            hasState: rule?.wasEverJoined ?? true, form: form
        ).compose()
        if let rule { state.part.own = try await readers.shown(state.part.own, of: room, rule) }
        if !isInitial, timeline.events.isEmpty, !timeline.isLimited, state.isEmpty, !plan.hasOwnReceipt,
            plan.isDirect == nil
        {
            return nil
        }
        let bundles = try await readers.bundles(
            of: timeline, in: room, at: plan.upTo, for: viewer.ignoring(unwanted), known: nil,
            isWanted: isInitial || timeline.isLimited || plan.isTimelineExpanded)
        var writer = SpliceWriter()
        writer.json.beginObject()
        writeCommon(to: &writer.json)
        if plan.isTimelineExpanded, !isInitial {
            writer.json.member(form == .deployed ? "unstable_expanded_timeline" : "expanded_timeline", true)
        }
        if let isDirect = plan.isDirect { writer.json.member("is_dm", isDirect) }
        state.write(to: &writer)
        writer.json.key("timeline")
        TimelinePart.writeEvents(
            of: timeline, to: &writer.json, for: viewer, rule: rule, bundles: bundles, now: readers.clock.now())
        writer.json.member("prev_batch", timeline.previous.text)
        writer.json.member("limited", timeline.isLimited)
        writer.json.member("num_live", timeline.events.count { $0.stored.position > plan.live })
        if form == .deployed, let unread = plan.unread {
            writer.json.member("notification_count", unread.total.notifications)
            writer.json.member("highlight_count", unread.total.highlights)
        }
        writer.json.endObject()
        return SlidingRoomAnswer(
            pieces: writer.finish(), isLimited: timeline.isLimited,
            timeline: Set(timeline.events.map(\.stored.event.id)), members: state.members)
    }

    private func writeCommon(to writer: inout JSONWriter) {
        if isInitial { writer.member("initial", true) }
        if let overview = plan.overview { writer.member("bump_stamp", overview.bump) }
        guard form == .merged else { return }
        writer.member("membership", room.membership.rawValue)
        if !plan.lists.isEmpty { writer.member("lists", .array(plan.lists.map { .string($0) })) }
    }

    private func recentPart() async throws -> RoomRun? {
        guard room.membership == .join, let since = plan.since, !plan.isTimelineExpanded,
            !plan.changes.isDisjoint(with: [.events, .state])
        else { return nil }
        return try await readers.recent.run(of: room, after: since, upTo: plan.upTo)
    }

    // MARK: Timeline

    private func timeline(_ run: RoomRun?) async throws -> (Timeline, VisibilityRule?) {
        let choice = TimelineChoice(limit: plan.config.timelineLimit, filter: EventFilter(), unwanted: unwanted)
        guard room.membership == .join else {
            return try await LeftTimeline(
                readers: readers, viewer: viewer, left: LeftRoom(room: room, known: isInitial ? .nothing : plan.left),
                choice: choice
            ).read()
        }
        if plan.since != nil, !plan.isTimelineExpanded, run == nil {
            return (Timeline(events: [], isLimited: false, start: plan.upTo), nil)
        }
        return try await JoinedTimeline(
            readers: readers, viewer: viewer, room: room, since: plan.isTimelineExpanded ? nil : plan.since,
            upTo: plan.upTo, firstPage: nil, choice: choice
        ).read(run)
    }
}

extension Viewer {
    /// The viewer, with whom they ignore.
    fileprivate func ignoring(_ unwanted: UnwantedSenders) -> Viewer {
        Viewer(user: user, device: device, ignored: unwanted.counted(for: user))
    }
}
