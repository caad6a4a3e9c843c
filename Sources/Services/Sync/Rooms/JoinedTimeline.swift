import Identifiers
import RoomReading
import Storage

/// Reads the timeline of a room the user is in: what is new, or the newest of what they may see.
struct JoinedTimeline: Sendable {
    let readers: RoomReaders
    let viewer: Viewer
    let room: UserRoom
    /// Where the client's knowledge of the room ends; `nil`: it has none.
    let since: ShardSequence?
    let upTo: ShardSequence
    /// The newest events, newest first, when they have been read already.
    let firstPage: [StoredEvent]?
    let choice: TimelineChoice

    /// The timeline, and the rule that says what the user was at each event; without one they were in the room.
    ///
    /// - Parameter run: the room's recent part, if anything is new in it.
    func read(_ run: RoomRun?) async throws -> (Timeline, VisibilityRule?) {
        guard choice.filter.wants(room: room.room) else {
            return (Timeline(events: [], isLimited: false, start: upTo), nil)
        }
        let (wantsAll, related) = (choice.wantsAll, choice.filter.related)
        if let since {
            guard let run else { return (Timeline(events: [], isLimited: false, start: upTo), nil) }
            let wants = { (stored: StoredEvent) in wantsAll || choice.wants(stored.event) }
            if related == nil,
                let timeline = TimelineReader.read(run, after: since, upTo: upTo, limit: choice.limit, wants: wants)
            {
                return (timeline, nil)
            }
            return (
                try await readers.timelines.read(
                    room, after: since, upTo: upTo, limit: choice.limit, related: related, wantsAll: wantsAll,
                    wants: wants), nil
            )
        }
        let rule = try await ruleIfNeeded(wantsAll: wantsAll)
        let timeline = try await readers.timelines.read(
            room, after: .zero, upTo: upTo, limit: choice.limit, first: firstPage, rule: rule, related: related,
            wantsAll: wantsAll
        ) { stored in
            (wantsAll || choice.wants(stored.event)) && (rule?.isVisible(at: stored.position) ?? true)
        }
        return (timeline, rule)
    }

    /// Everything since the user's last own membership event is theirs to see; only what is older takes a look at the rule.
    private func ruleIfNeeded(wantsAll: Bool) async throws -> VisibilityRule? {
        if wantsAll, let firstPage, firstPage.allSatisfy({ $0.position >= room.position }) { return nil }
        return try await readers.views.view(of: room.room, for: viewer.user, at: upTo)?.rule
    }
}
