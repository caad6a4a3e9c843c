import Collections
import Identifiers
import ReplicationLog
import RoomReading
import Synchronization
import WorkerContracts

// Presence is in no database: the owner of each user's shard tells how the user is seen by its feed. A sync worker keeps
// the latest of each user, numbered by its own counter, which clients' tokens carry. What an owner said that is gone stays
// true for a while: its successor hears of everybody who is there within a poll, and only of who is not confirmed by then
// it is said that they went.
//
// A change is told once it is placed: somebody has looked up which rooms the user is in, outside of any client's request.

/// Who is there, as the writers' feeds say.
package final class PresenceBoard: Sendable {
    /// The most changes in order; who knows only of older ones is told anew.
    package static let changesMax = 20_000
    /// How long what was said holds once nobody confirms it: longer than a poll lasts.
    package static let unconfirmedFor = Duration.seconds(90)
    /// How long a user who went is remembered, so that who comes back later hears of it.
    static let offlineKept = Duration.seconds(3_600)
    /// Changes placed or told at once.
    package static let changesPerReadingMax = 1_000

    package typealias Instant = ContinuousClock.Instant

    /// How one user is seen.
    package struct Seen: Sendable {
        package var presence: UserPresence
        /// When the user was active; `nil`: not known.
        package var activeAt: Instant?
        fileprivate var writer: String
        fileprivate var confirmedUntil: Instant?
        fileprivate var changedAt: Instant
        fileprivate var version: UInt64
    }

    private struct Change {
        let version: UInt64
        let user: UserID
    }

    private struct State {
        var users: [UserID: Seen] = [:]
        var placed = PlacedUsers()
        /// In the order of their versions; of a user's changes only the last counts.
        var changes: Deque<Change> = []
        var version: UInt64 = 1
        /// All changes up to this version are placed.
        var placedUpTo: UInt64 = 1
        /// Changes up to this version may be forgotten.
        var forgottenUpTo: UInt64 = 0
    }

    private let boot: UInt32
    private let changesMax: Int
    private let state = Mutex(State())

    /// - Parameter boot: names this run of the worker; not zero.
    package init(
        boot: UInt32 = UInt32.random(in: 1 ... .max), changesMax: Int = PresenceBoard.changesMax
    ) {
        self.boot = boot
        self.changesMax = changesMax
    }

    /// How `user` is seen now; `nil`: nothing is known.
    package func seen(_ user: UserID) -> Seen? { state.withLock { $0.users[user] } }

    // MARK: What feeds say

    package func apply(_ event: FeedEvent, at now: Instant = .now) {
        state.withLock { state in
            switch event {
            case .message(.presence(let presence), let writer): set(presence, by: writer, at: now, &state)
            case .message(.presenceReleased(let shard), let writer):
                doubt(at: now, &state) { $0.presence.shard == shard && $0.writer.utf8.elementsEqual(writer.utf8) }
            // On connecting, a writer tells of all its users; what it said before may be stale.
            case .connected(let writer), .disconnected(let writer):
                doubt(at: now, &state) { $0.writer.utf8.elementsEqual(writer.utf8) }
            case .message: break
            }
        }
    }

    private func set(_ presence: UserPresence, by writer: String, at now: Instant, _ state: inout State) {
        let known = state.users[presence.user]
        if let known, known.presence.boot.utf8.elementsEqual(presence.boot.utf8),
            known.presence.counter > presence.counter
        {
            return
        }
        var seen = Seen(
            presence: presence, activeAt: presence.activeAgo.map { now - $0 }, writer: writer, changedAt: now,
            version: known?.version ?? 0)
        if !presence.isSeen(like: known?.presence) { number(&seen, at: now, &state) }
        state.users[presence.user] = seen
    }

    /// Has what matches end soon unless it is said again.
    private func doubt(at now: Instant, _ state: inout State, where isDoubtful: (Seen) -> Bool) {
        for (user, seen) in state.users where seen.confirmedUntil == nil && isDoubtful(seen) {
            state.users[user]?.confirmedUntil = now + Self.unconfirmedFor
        }
    }

    /// The tail has moved, and everybody can see it: of users who have come into rooms, those who are there hear.
    ///
    /// When the log cannot say who that is, it may be anybody.
    package func apply(_ update: TailUpdate) {
        let moved = update.entries.lazy.filter { $0.kind == .membership }.compactMap { UserID($0.key.string) }
        state.withLock { state in
            for user in update.unexplained.isEmpty ? Array(moved) : Array(state.users.keys) {
                guard var seen = state.users[user], seen.presence.state != .offline else { continue }
                number(&seen, at: seen.changedAt, &state)
                state.users[user] = seen
            }
        }
    }

    private func number(_ seen: inout Seen, at now: Instant, _ state: inout State) {
        state.version += 1
        seen.version = state.version
        seen.changedAt = now
        state.placed.leave(seen.presence.user)
        state.changes.append(Change(version: state.version, user: seen.presence.user))
        while state.changes.count > changesMax, let oldest = state.changes.popFirst() {
            state.forgottenUpTo = oldest.version
            state.placedUpTo = max(state.placedUpTo, oldest.version)
        }
    }

    // MARK: Time

    /// Ends what nobody confirmed, and forgets who went long ago.
    package func expire(at now: Instant = .now) {
        state.withLock { state in
            for (user, var seen) in state.users {
                if let until = seen.confirmedUntil, until <= now, seen.presence.state != .offline {
                    seen.presence.state = .offline
                    seen.presence.isCurrentlyActive = false
                    number(&seen, at: now, &state)
                    state.users[user] = seen
                } else if seen.presence.state == .offline, now - seen.changedAt > Self.offlineKept {
                    state.users[user] = nil
                    state.placed.leave(user)
                }
            }
        }
    }

    // MARK: Placing

    /// Users whose changes are not placed yet, in order, and up to which version they are all of them.
    func unplaced() -> (users: [UserID], upTo: UInt64) {
        state.withLock { state in
            let (changes, upTo) = Self.changes(after: state.placedUpTo, upTo: state.version, state)
            return (changes.map(\.presence.user), upTo)
        }
    }

    /// The rooms of users whose changes up to `version` are unplaced.
    func place(_ rooms: [UserID: UserRooms], upTo version: UInt64) {
        state.withLock { state in
            for (user, rooms) in rooms where state.users[user]?.version ?? 0 <= version {
                if state.users[user] != nil { state.placed.enter(user, rooms) }
            }
            state.placedUpTo = max(state.placedUpTo, version)
        }
    }

    /// The users that changed between two versions, each at its last change; fewer when there are many.
    private static func changes(after: UInt64, upTo: UInt64, _ state: State) -> (changed: [Seen], upTo: UInt64) {
        let first = state.changes.partitioningIndex { $0.version > after }
        var changed: [Seen] = []
        for change in state.changes[first...] {
            guard change.version <= upTo else { break }
            if changed.count == changesPerReadingMax { return (changed, change.version - 1) }
            if let seen = state.users[change.user], seen.version == change.version { changed.append(seen) }
        }
        return (changed, upTo)
    }

    // MARK: News

    /// The users `viewer` is to hear of that changed after `position`, as far as changes are placed, at most `limit`;
    /// `nil` when the position says nothing here.
    func changed(
        after position: PresencePosition, for viewer: UserRooms, limit: Int
    ) -> (changed: [Seen], position: PresencePosition)? {
        // Who is somebody's neighbour is found out outside the lock: all polls come here.
        let placed = state.withLock { state -> (changes: [(seen: Seen, rooms: UserRooms?)], upTo: UInt64)? in
            guard position.boot == boot, position.counter >= state.forgottenUpTo else { return nil }
            let (changes, upTo) = Self.changes(after: position.counter, upTo: state.placedUpTo, state)
            return (changes.map { ($0, state.placed[$0.presence.user]) }, max(upTo, position.counter))
        }
        guard let placed else { return nil }
        let concerning = placed.changes.filter { seen, rooms in
            seen.presence.user == viewer.user || rooms.map(viewer.sharesRoom) ?? false
        }.map(\.seen)
        let told = Array(concerning.prefix(limit))
        // The rest comes with the next answer.
        let end = told.count < concerning.count ? told[told.count - 1].version : placed.upTo
        return (told, PresencePosition(boot: boot, counter: end))
    }

    /// Users in `rooms` of whom something is known and placed, `user` the first of them if it is, at most `limit`; and
    /// the position at which that is known.
    func seen(
        in rooms: some Sequence<ByteOrderedText>, first user: UserID?, limit: Int, includesOffline: Bool
    ) -> (seen: [Seen], position: PresencePosition) {
        state.withLock { state in
            let found = state.placed.users(of: rooms, limit: limit) {
                $0 != user && (includesOffline || state.users[$0]?.presence.state != .offline)
            }
            let own = [user].compactMap { $0.flatMap { state.users[$0] } }
                .filter { includesOffline || $0.presence.state != .offline }
            return (
                Array((own + found.compactMap { state.users[$0] }).prefix(limit)),
                PresencePosition(boot: boot, counter: state.placedUpTo)
            )
        }
    }

    /// The position that everything placed is known at.
    var position: PresencePosition {
        state.withLock { PresencePosition(boot: boot, counter: $0.placedUpTo) }
    }
}

extension UserPresence {
    /// Whether it says the same of a user.
    fileprivate func isSeen(like other: UserPresence?) -> Bool {
        guard let other else { return state == .offline && status == nil }
        return state == other.state && isCurrentlyActive == other.isCurrentlyActive
            && status.map { Array($0.utf8) } == other.status.map { Array($0.utf8) }
    }
}

extension Deque {
    /// The index of the first element that `belongs` to the second part, all of those before it being of the first.
    fileprivate func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
