import Identifiers
import PushRules
import Storage

// Counts follow the rules somebody has now, not those they had when a message came. For most people they are differences of
// ordinals, which cost the same for ten unread messages and for a million (UnreadStore). Whose rules look at each event
// needs each event looked at: then the newest are, up to a bound.

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
        let bySubtraction = try await store.counts(
            in: subtracted, for: user, ignoring: ignored, listsThreads: listsThreads)
        for (room, unread) in bySubtraction {
            counts[room] = rules.counting(in: room) == .highlightsOnly ? unread.highlightsOnly : unread
        }
        let contexts = try await contexts.rooms(
            looked.map(\.room), for: user, countingTo: rules.membersCounted)
        for room in looked {
            guard let known = contexts[room.room] else { continue }
            let events = try await store.events(
                in: room, for: user, ignoring: ignored, rules: known.placement.version.rules)
            counts[room.room] = Self.count(events, by: rules, known.context)
        }
        return counts
    }

    private static func count(_ events: [UnreadEvent], by rules: PushRuleSet, _ context: PushContext) -> RoomUnread {
        var unread = RoomUnread()
        for event in events {
            guard let actions = rules.actions(for: event.stored.event, context), actions.notifies else { continue }
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
        func only(_ counts: UnreadCounts) -> UnreadCounts {
            UnreadCounts(notifications: counts.highlights, highlights: counts.highlights)
        }
        return RoomUnread(
            main: only(main), inThreads: only(inThreads),
            threads: threads.mapValues(only).filter { $0.value.notifications > 0 })
    }
}
