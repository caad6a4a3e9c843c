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
        let (timeline, rule) = try await JoinedTimeline(
            readers: readers, viewer: request.viewer, room: room, since: joined.since, upTo: joined.upTo,
            firstPage: joined.firstPage, choice: request.timeline
        ).read(run)
        let content = StateComposer(
            readers: readers, request: request, joined: joined, timeline: timeline, run: run, told: told)
        var state = needsWholeState ? try await content.whole() : try await content.changes()
        if let rule { state.part.own = try await readers.shown(state.part.own, of: room, rule) }
        let ephemeral = EphemeralPart(joined: joined, filter: filter)
        let accountData = joined.accountData.filter {
            filter.roomAccountData.wants(room: room.room) && filter.roomAccountData.wants(type: $0.type)
        }
        // Whoever missed nothing adds up what relates to what for themselves.
        let bundles = try await readers.bundles(
            of: timeline, in: room, at: joined.upTo, for: request.viewer,
            known: joined.firstPage == nil ? nil : joined.related,
            isWanted: joined.since == nil || timeline.isLimited)
        let sticky = try await stickyPart(besides: timeline)
        let isSilent =
            !joined.hasReceipt(of: request.viewer.user) && timeline.events.isEmpty && !timeline.isLimited
            && state.part.isEmpty
            && state.summary == nil
            && ephemeral.isEmpty && accountData.isEmpty && sticky.isEmpty
        if isSilent, !needsWholeState { return nil }

        let now = readers.clock.now()
        var writer = SpliceWriter()
        writer.json.beginObject()
        TimelinePart.write(timeline, to: &writer.json, for: request.viewer, rule: rule, bundles: bundles, now: now)
        writer.json.key(request.stateName)
        state.part.write(to: &writer)
        writer.json.key("ephemeral")
        ephemeral.write(to: &writer.json)
        writer.json.key("account_data")
        AccountDataPart.write(accountData, to: &writer.json)
        if !sticky.isEmpty {
            writer.json.key("msc4354_sticky")
            sticky.write(to: &writer.json, for: request.viewer, at: now)
        }
        UnreadPart.write(joined.unread, to: &writer.json, listsThreads: filter.listsUnreadThreads)
        if let summary = state.summary {
            writer.json.key("summary")
            summary.write(to: &writer.json)
        }
        writer.json.endObject()
        return RoomAnswer(
            pieces: writer.finish(), members: state.members, sharedByteCount: state.part.sharedByteCount)
    }

    /// What sticks and the timeline does not have; all of it for who is new to the room.
    ///
    /// Whoever is given every event since they last looked misses nothing, and is not looked for.
    private func stickyPart(besides timeline: Timeline) async throws -> StickyPart {
        var found = joined.sticky ?? []
        if let since = joined.since, joined.changes.contains(.events), timeline.isLimited || !request.timeline.wantsAll
        {
            let page = RoomPageRequest(
                room: room.room, rules: room.placement.version.rules, after: since, upTo: joined.upTo)
            found = try await readers.sticky.events(of: [page], at: readers.clock.now())[room.room] ?? []
        }
        return try await StickyPart(
            found, besides: Set(timeline.events.map(\.stored.event.id)), of: room, hearing: request.unwanted,
            readers: readers)
    }

    private func recentPart() async throws -> RoomRun? {
        guard let since = joined.since, !joined.changes.isDisjoint(with: [.events, .state]) else { return nil }
        return try await readers.recent.run(of: room, after: since, upTo: joined.upTo)
    }
}
