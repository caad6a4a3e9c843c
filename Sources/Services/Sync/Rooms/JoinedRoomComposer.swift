import CanonicalJSON
import Events
import Identifiers
import NIOCore
import RoomReading
import Storage

/// One room's part of an answer.
struct RoomAnswer: Sendable {
    /// A JSON object.
    let pieces: [ByteBuffer]
    /// The members the client is told about, for those that load members lazily.
    var members: Set<UserID> = []
    /// Bytes of the pieces that exist once for all answers.
    var sharedByteCount = 0
}

/// Composes what a client is told about a room the user is in.
struct JoinedRoomComposer: Sendable {
    let readers: RoomReaders
    let request: SyncRequest
    let joined: JoinedRoom
    /// Members of the room the client has been told about.
    let told: Set<UserID>

    private var room: UserRoom { joined.room }
    private var filter: SyncFilter { request.filter }
    private var needsWholeState: Bool { joined.since == nil || joined.isFullState }

    /// - Returns: `nil` when there is nothing to say.
    func compose() async throws -> RoomAnswer? {
        let run = try await recentPart()
        let (timeline, rule) = try await timeline(run)
        let content = StateComposer(
            readers: readers, request: request, joined: joined, timeline: timeline, run: run, told: told)
        let state = needsWholeState ? try await content.whole() : try await content.changes()
        let ephemeral = EphemeralPart(joined: joined, filter: filter)
        let accountData = joined.accountData.filter {
            filter.roomAccountData.wants(room: room.room) && filter.roomAccountData.wants(type: $0.type)
        }
        let bundles = try await bundles(of: timeline)
        let isSilent =
            !joined.hasOwnReceipt && timeline.events.isEmpty && !timeline.isLimited && state.part.isEmpty
            && state.summary == nil
            && ephemeral.isEmpty && accountData.isEmpty
        if isSilent, !needsWholeState { return nil }

        var writer = SpliceWriter()
        writer.json.beginObject()
        TimelinePart.write(timeline, to: &writer.json, for: request.viewer, rule: rule, bundles: bundles)
        writer.json.key(request.usesStateAfter ? "state_after" : "state")
        state.part.write(to: &writer)
        writer.json.key("ephemeral")
        ephemeral.write(to: &writer.json)
        writer.json.key("account_data")
        AccountDataPart.write(accountData, to: &writer.json)
        UnreadPart.write(joined.unread, to: &writer.json, listsThreads: filter.listsUnreadThreads)
        if let summary = state.summary {
            writer.json.key("summary")
            summary.write(to: &writer.json)
        }
        writer.json.endObject()
        return RoomAnswer(
            pieces: writer.finish(), members: state.members, sharedByteCount: state.part.sharedByteCount)
    }

    /// What is shown inside of the timeline's events; whoever missed nothing adds it up for themselves.
    private func bundles(of timeline: Timeline) async throws -> [EventID: RelationBundle] {
        guard joined.since == nil || timeline.isLimited else { return [:] }
        var messages = timeline.events.map(\.stored)
        if joined.firstPage != nil { messages.removeAll { !joined.related.contains($0.event.id) } }
        guard !messages.isEmpty,
            let view = try await readers.views.view(of: room.room, for: request.viewer.user, at: joined.upTo)
        else { return [:] }
        return try await readers.served.bundles(of: messages, to: request.viewer, in: view, includesRoom: false)
    }

    private func recentPart() async throws -> RoomRun? {
        guard let since = joined.since, !joined.changes.isDisjoint(with: [.events, .state]) else { return nil }
        return try await readers.recent.run(of: room, after: since, upTo: joined.upTo)
    }

    // MARK: Timeline

    /// The timeline, and the rule that says what the user was at each event; without one they were in the room.
    private func timeline(_ run: RoomRun?) async throws -> (Timeline, VisibilityRule?) {
        let limit = filter.timelineLimit
        guard filter.timeline.wants(room: room.room) else {
            return (Timeline(events: [], isLimited: false, start: joined.upTo), nil)
        }
        let wantsAll = request.wantsAllEvents
        if let since = joined.since {
            guard let run else { return (Timeline(events: [], isLimited: false, start: joined.upTo), nil) }
            let wants = { (stored: StoredEvent) in wantsAll || request.wants(stored.event) }
            if let timeline = TimelineReader.read(run, after: since, upTo: joined.upTo, limit: limit, wants: wants) {
                return (timeline, nil)
            }
            return (
                try await readers.timelines.read(
                    room, after: since, upTo: joined.upTo, limit: limit, wantsAll: wantsAll, wants: wants), nil
            )
        }
        let rule = try await ruleIfNeeded(wantsAll: wantsAll)
        let timeline = try await readers.timelines.read(
            room, after: .zero, upTo: joined.upTo, limit: limit, first: joined.firstPage, wantsAll: wantsAll
        ) { stored in
            (wantsAll || request.wants(stored.event)) && (rule?.isVisible(at: stored.position) ?? true)
        }
        return (timeline, rule)
    }

    /// Everything since the user's last own membership event is theirs to see; only what is older takes a look at the rule.
    private func ruleIfNeeded(wantsAll: Bool) async throws -> VisibilityRule? {
        if wantsAll, let page = joined.firstPage, page.allSatisfy({ $0.position >= room.position }) { return nil }
        return try await readers.views.view(of: room.room, for: request.viewer.user, at: joined.upTo)?.rule
    }
}
