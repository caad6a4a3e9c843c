import Synchronization

/// Which feeds are listed, and which of them a task follows already.
final class FollowedFeeds: Sendable {
    private struct State {
        var listed: Set<FeedSource> = []
        var followed: Set<FeedSource> = []
    }

    private let state = Mutex(State())

    /// Takes the current list; returns those that need a task now.
    func list(_ sources: [FeedSource]) -> [FeedSource] {
        state.withLock { state in
            state.listed = Set(sources)
            return sources.filter { state.followed.insert($0).inserted }
        }
    }

    func isListed(_ source: FeedSource) -> Bool { state.withLock { $0.listed.contains(source) } }

    /// The source's task has ended.
    func remove(_ source: FeedSource) { state.withLock { _ = $0.followed.remove(source) } }
}

/// When a feed was last heard of.
final class LastHeard: Sendable {
    private let instant = Mutex(ContinuousClock.now)

    func touch() { instant.withLock { $0 = .now } }
    var age: Duration { instant.withLock { $0.duration(to: .now) } }
}
