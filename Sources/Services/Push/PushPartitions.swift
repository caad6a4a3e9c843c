import Leases
import Logging
import Storage
import Synchronization

// Users are divided into parts, and each part is leased to one push worker. A worker takes its fair share at once, and more
// only of what nobody has taken for a while: so what a dead worker had is taken up within seconds, and what a worker gives
// up because another has come is left for that one. A dead worker is listed for a while longer; what was taken in its
// place is not given up until those listed are others.

/// The parts this worker has.
package final class PushPartitions: Sendable {
    /// How often leases are renewed and looked for.
    package static let tick = Duration.seconds(1)
    /// How long a lease lasts without being renewed.
    package static let secondsToLive = 4
    /// How many ticks a part lies before somebody takes it beyond their share.
    static let patience = 2

    private struct State {
        /// Leased, by part.
        var owned: Set<Int16> = []
        /// Followed still, though it may not be leased any more.
        var followed: Set<Int16> = []
        /// For how many ticks nobody has had it.
        var idle: [Int16: Int] = [:]
        /// The workers listed when it took more than its share, as some of them did not.
        var lonelyAmong: Set<String>?
        var isDraining = false

        /// - Returns: `false` when it works no more.
        mutating func take(_ part: Int16, share: Int, among workers: Set<String>) -> Bool {
            guard !isDraining else { return false }
            owned.insert(part)
            if owned.count > share { lonelyAmong = workers }
            return true
        }

        /// What is more than its share, and there are others to take.
        mutating func giveUp(beyond share: Int, among workers: Set<String>) -> [Int16] {
            guard lonelyAmong != workers else { return [] }
            lonelyAmong = nil
            let surplus = Array(owned.sorted().dropFirst(share))
            owned.subtract(surplus)
            for part in surplus { idle[part] = 0 }
            return surplus
        }
    }

    private let leases: JobLeases
    private let follower: PartFollower
    private let workers: @Sendable () async -> Set<String>
    private let logger: Logger
    private let state = Mutex(State())

    init(
        leases: JobLeases, follower: PartFollower, workers: @escaping @Sendable () async -> Set<String>, logger: Logger
    ) {
        self.leases = leases
        self.follower = follower
        self.workers = workers
        self.logger = logger
    }

    /// The parts it has now.
    package var owned: [Int16] { state.withLock { $0.owned.sorted() } }

    /// The parts it works for: none once it has stopped.
    var served: [Int16] { state.withLock { $0.isDraining ? [] : $0.owned.sorted() } }

    func isServed(_ part: Int16) -> Bool { state.withLock { $0.owned.contains(part) && !$0.isDraining } }

    /// Whether the log is followed for none.
    var isIdle: Bool { state.withLock { $0.followed.isEmpty } }

    /// Takes and follows parts until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                if !state.withLock({ $0.isDraining }) {
                    await renew()
                    await take()
                    for part in toFollow() {
                        group.addTask {
                            await self.follower.follow(part) { self.isServed(part) }
                            self.state.withLock { _ = $0.followed.remove(part) }
                        }
                    }
                }
                // Cancellation ends the wait and with it the loop.
                try? await Task.sleep(for: Self.tick)
            }
            group.cancelAll()
        }
    }

    /// Works for no part any more, and takes none; what it has it keeps for as long as a lease lasts.
    func stop() { state.withLock { $0.isDraining = true } }

    /// Gives everything up, so that others have it at once.
    func releaseAll() async {
        let owned = state.withLock { state in
            defer { state.owned = [] }
            return state.owned
        }
        for part in owned { await release(part) }
    }

    private static func name(_ part: Int16) -> String { "push/\(part)" }

    private func toFollow() -> [Int16] {
        state.withLock { state in
            let new = state.owned.subtracting(state.followed)
            state.followed.formUnion(new)
            return new.sorted()
        }
    }

    private func renew() async {
        for part in owned {
            do {
                guard try await !leases.take(Self.name(part)) else { continue }
                logger.notice("part of the pushers is somebody else's", metadata: ["part": "\(part)"])
            } catch {
                // Nobody else could take it either for as long as its lease lasts.
                logger.warning("part of the pushers not renewed", metadata: ["part": "\(part)", "error": "\(error)"])
                continue
            }
            state.withLock { _ = $0.owned.remove(part) }
        }
    }

    /// Takes what is its share, and what lies; gives up what is over.
    private func take() async {
        let all = Array(0..<Pusher.partCount)
        let workers = await workers()
        let share = (all.count + max(1, workers.count) - 1) / max(1, workers.count)
        do {
            let free = try await leases.free(among: all.map(Self.name))
            let open = all.filter { free.contains(Self.name($0)) }
            let wanted = state.withLock { state in
                for part in all { state.idle[part] = open.contains(part) ? (state.idle[part] ?? 0) + 1 : 0 }
                let room = max(0, share - state.owned.count)
                return open.prefix(room) + open.dropFirst(room).filter { (state.idle[$0] ?? 0) > Self.patience }
            }
            for part in wanted where try await leases.take(Self.name(part)) {
                if state.withLock({ $0.take(part, share: share, among: workers) }) { continue }
                await release(part)
            }
        } catch {
            logger.warning("parts of the pushers not looked for", metadata: ["error": "\(error)"])
        }
        for part in state.withLock({ $0.giveUp(beyond: share, among: workers) }) { await release(part) }
    }

    private func release(_ part: Int16) async {
        do {
            try await leases.release(Self.name(part))
        } catch {
            logger.notice("a lease runs out by itself", metadata: ["part": "\(part)", "error": "\(error)"])
        }
    }
}
