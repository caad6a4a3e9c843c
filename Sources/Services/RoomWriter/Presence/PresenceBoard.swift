import Identifiers
import Logging
import Storage
import Synchronization
import WorkerContracts
import WorkerRuntime

// What devices do is reported by the workers that see it; here it becomes one thing said of each user. A user who polls,
// types and writes on three devices is told about when what others see of them changes, and at a pace of their own: going
// on and off all the time costs their neighbours no more than doing so once in a while.
//
// None of it is in the database but for the hour of a user's last activity. An owner that dies takes it along; the next one
// hears within a poll of everybody who is there, with what the reporting worker remembers of them.

/// Who is there of the users whose shards this writer owns; lives here and nowhere else, and goes out by the feed.
package final class PresenceBoard: FeedBoard {
    /// Users known at a time; more are not.
    package static let usersMax = 50_000
    /// How long a user who is offline is still known, for workers that have yet to hear of it.
    static let offlineKept = Duration.seconds(600)
    /// How often it is looked for what time has changed.
    static let tick = Duration.seconds(1)
    /// How exactly a user's last activity is stored.
    static let storedGranularity = Duration.seconds(3_600)
    /// Users whose last activity is stored in one statement.
    static let storedMax = 500

    private struct Entry {
        let shard: ShardID
        var person = PersonPresence()
        var published = PersonPresence.Shown.offline
        var budget = PublicationBudget()
        /// When to look again whether something is to be told; `nil`: when something is reported.
        var dueAt: ContinuousClock.Instant?
        var offlineSince: ContinuousClock.Instant?
        /// The last activity that is stored.
        var storedAt: ContinuousClock.Instant?
    }

    private struct State {
        var users: [UserID: Entry] = [:]
        var counter: Int64 = 0
    }

    private let boot: String
    private let hub: FeedHub
    private let store: UserActivityStore?
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - boot: names this run of this writer.
    ///   - store: `nil`: presence is off.
    package init(boot: String, hub: FeedHub, store: UserActivityStore?, logger: Logger) {
        self.boot = boot
        self.hub = hub
        self.store = store
        self.logger = logger
    }

    // MARK: What comes in

    /// Takes what was seen of users of `shard`.
    ///
    /// - Returns: false when too many are known already.
    package func take(
        _ reports: [PresenceReport], of shard: ShardID, at now: ContinuousClock.Instant = .now
    ) -> Bool {
        guard store != nil else { return true }
        return state.withLock { state in
            var isTaken = true
            for report in reports {
                guard state.users[report.user] != nil || state.users.count < Self.usersMax else {
                    isTaken = false
                    continue
                }
                var entry = state.users[report.user] ?? Entry(shard: shard, offlineSince: now)
                entry.person.take(report, at: now)
                publish(report.user, &entry, at: now, &state)
                state.users[report.user] = entry
            }
            return isTaken
        }
    }

    /// Forgets the users of a shard that is somebody else's from now on.
    package func drop(_ shard: ShardID) {
        state.withLock { state in
            let count = state.users.count
            state.users = state.users.filter { $0.value.shard != shard }
            if state.users.count < count { hub.publish(.presenceReleased(shard)) }
        }
    }

    // MARK: Time

    /// Tells what time has changed, and stores who was active, until cancelled.
    func run() async {
        await repeatUntilCancelled(every: Self.tick) {
            advance(to: .now)
            do {
                try await storeActivity(at: .now)
            } catch {
                // It is found again at the next tick.
                logger.debug("last activities not stored", metadata: ["error": "\(error)"])
            }
        }
    }

    package func advance(to now: ContinuousClock.Instant) {
        state.withLock { state in
            for (user, var entry) in state.users {
                if let since = entry.offlineSince, now - since > Self.offlineKept {
                    state.users[user] = nil
                    continue
                }
                guard let due = entry.dueAt, due <= now else { continue }
                publish(user, &entry, at: now, &state)
                state.users[user] = entry
            }
        }
    }

    /// Stores last activities that are far from what is stored.
    package func storeActivity(at now: ContinuousClock.Instant) async throws {
        guard let store else { return }
        let active = state.withLock { state in
            Array(
                state.users.lazy.compactMap { user, entry -> (UserID, ContinuousClock.Instant)? in
                    guard let active = entry.person.lastActiveAt else { return nil }
                    if let stored = entry.storedAt, active - stored < Self.storedGranularity { return nil }
                    return (user, active)
                }.prefix(Self.storedMax))
        }
        guard !active.isEmpty else { return }
        try await store.set(active.map { ($0.0, now - $0.1) })
        state.withLock { state in for (user, instant) in active { state.users[user]?.storedAt = instant } }
    }

    // MARK: What goes out

    func tell(_ listener: FeedListener) {
        let now = ContinuousClock.now
        state.withLock { state in
            for (user, entry) in state.users {
                listener.offer(.presence(presence(of: user, entry, state.counter, at: now)))
            }
        }
    }

    /// Published under the lock: counters reach the listeners in their order.
    private func publish(_ user: UserID, _ entry: inout Entry, at now: ContinuousClock.Instant, _ state: inout State) {
        let shown = entry.person.shown(at: now)
        entry.dueAt = entry.person.nextChange(after: now)
        guard shown != entry.published else { return }
        if let later = entry.budget.spend(at: now) {
            entry.dueAt = min(later, entry.dueAt ?? later)
            return
        }
        entry.published = shown
        entry.offlineSince = shown.state == .offline ? entry.offlineSince ?? now : nil
        state.counter += 1
        hub.publish(.presence(presence(of: user, entry, state.counter, at: now)))
    }

    private func presence(
        of user: UserID, _ entry: Entry, _ counter: Int64, at now: ContinuousClock.Instant
    ) -> UserPresence {
        UserPresence(
            user: user, shard: entry.shard, state: entry.published.state,
            isCurrentlyActive: entry.published.isCurrentlyActive,
            activeAgo: entry.person.lastActiveAt.map { max(.zero, now - $0) }, status: entry.published.status,
            boot: boot, counter: counter)
    }
}
