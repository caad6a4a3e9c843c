import Identifiers
import PushRules
import Storage

// Counts follow the rules somebody has now, not those they had when a message came. For most people they are differences of
// ordinals, which cost the same for ten unread messages and for a million (UnreadStore). Whose rules look at each event
// needs each event looked at: then the newest are, up to a bound. So are those in threads that somebody follows, of which
// they hear whatever it is; of other threads they who follow any hear only what singles them out, which is counted anyway.

/// Counts what somebody has not read, as their push rules have it.
public struct UnreadCounter: Sendable {
    private let store: UnreadStore
    private let contexts: PushContexts

    public init(store: UnreadStore, contexts: PushContexts) {
        self.store = store
        self.contexts = contexts
    }

    /// What `user` has not read of each of `rooms`.
    ///
    /// - Parameters:
    ///   - ignored: whose events do not count.
    ///   - listsThreads: whether threads are wanted one by one.
    public func counts(
        in rooms: [UnreadRequest], for user: UserID, rules: PushRuleSet, ignoring ignored: [UserID],
        listsThreads: Bool
    ) async throws -> [RoomID: RoomUnread] {
        var (subtracted, looked) = ([UnreadRequest](), [UnreadRequest]())
        var counts: [RoomID: RoomUnread] = [:]
        for room in rooms {
            switch rules.counting(in: room.room) {
            case .nothing: counts[room.room] = RoomUnread()
            case .usual, .highlightsOnly: subtracted.append(room)
            case .oneByOne: looked.append(room)
            }
        }
        let candidates = subtracted.map(\.room)
        async let withFollowed = store.roomsWithFollowedThreads(among: candidates, of: user)
        let bySubtraction = try await store.counts(
            in: subtracted, for: user, ignoring: ignored, listsThreads: listsThreads)
        let followed = try await withFollowed
        for (room, unread) in bySubtraction {
            let unread = rules.counting(in: room) == .highlightsOnly ? unread.highlightsOnly : unread
            counts[room] = followed == nil ? unread : unread.highlightsOnlyInThreads
        }
        let threaded = subtracted.filter { followed?.contains($0.room) ?? false }
        let contexts = try await contexts.rooms(
            (looked + threaded).map(\.room), for: user, countingTo: rules.membersCounted)
        for (room, isLooked) in looked.map({ ($0, true) }) + threaded.map({ ($0, false) }) {
            guard let known = contexts[room.room] else { continue }
            let events = try await store.events(
                in: room, for: user, ignoring: ignored, onlyFollowed: !isLooked, rules: known.placement.version.rules)
            let unread = Self.count(events, by: rules, known.context, skippingHighlights: !isLooked)
            counts[room.room] = isLooked ? unread : (counts[room.room] ?? RoomUnread()).adding(unread)
        }
        return counts
    }

    /// - Parameter skippingHighlights: what singles the reader out was counted already.
    private static func count(
        _ events: [UnreadEvent], by rules: PushRuleSet, _ context: PushContext, skippingHighlights: Bool
    ) -> RoomUnread {
        var unread = RoomUnread()
        var context = context
        for event in events {
            context.isThreadSubscribed = event.isThreadSubscribed
            guard let actions = rules.actions(for: event.stored.event, context), actions.notifies,
                !(skippingHighlights && actions.isHighlight)
            else { continue }
            let one = UnreadCounts(notifications: 1, highlights: actions.isHighlight ? 1 : 0)
            guard let thread = event.thread else {
                unread.main = unread.main + one
                continue
            }
            unread.inThreads = unread.inThreads + one
            let known = unread.threads[thread] ?? UnreadCounts(notifications: 0, highlights: 0)
            unread.threads[thread] = known + one
        }
        return unread
    }
}

extension RoomUnread {
    /// Where only what singles the reader out notifies.
    fileprivate var highlightsOnly: RoomUnread {
        var unread = highlightsOnlyInThreads
        unread.main = main.highlightsOnly
        return unread
    }

    fileprivate var highlightsOnlyInThreads: RoomUnread {
        RoomUnread(
            main: main, inThreads: inThreads.highlightsOnly,
            threads: threads.mapValues(\.highlightsOnly).filter { $0.value.notifications > 0 })
    }

    fileprivate func adding(_ other: RoomUnread) -> RoomUnread {
        RoomUnread(
            main: main + other.main, inThreads: inThreads + other.inThreads,
            threads: threads.merging(other.threads) { $0 + $1 })
    }
}

extension UnreadCounts {
    fileprivate var highlightsOnly: UnreadCounts { UnreadCounts(notifications: highlights, highlights: highlights) }
}
