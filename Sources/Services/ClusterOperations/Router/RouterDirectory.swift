import Leases

/// Which workers the router should have, from the registry over time: pure, with time passed in.
///
/// The registry can be wrong for a while: when PostgreSQL was away, every row looks dead at first, and rows may be swept
/// before their workers write them again. The router checks workers itself, so a row that vanished without a goodbye
/// only counts after a time; a worker that said it drains, or whose process is known to have ended, is gone at once.
package struct RouterDirectory: Sendable {
    /// How long a worker without a row stays.
    static let missingMax = Duration.seconds(10)

    /// How long ago a worker may have been seen when it is first met.
    static let firstSeenSecondsMax = 5.0

    private struct Known {
        var server: RouterServer
        var missingSince: ContinuousClock.Instant?
    }

    private var known: [WorkerID: Known] = [:]
    /// Names of runs that have ended; their rows may be there a little longer.
    private(set) var endedRuns: Set<String> = []
    /// Ended runs remembered; beyond, the memory starts anew: by then their rows are long gone.
    static let endedMax = 1_000

    package init() {}

    package var servers: [RouterServer] { known.values.map(\.server).sorted { $0.id < $1.id } }

    /// Takes what the registry says now.
    package mutating func update(_ listed: [ListedWorker], now: ContinuousClock.Instant) {
        // A row that is old when it is first met is a left-over of a worker that was killed with its supervisor.
        let present = listed.filter { known[$0.id] != nil || $0.secondsSinceSeen < Self.firstSeenSecondsMax }
        let servers = present.compactMap(Self.server).filter { !endedRuns.contains($0.id.name) }
        for server in servers { known[server.id] = Known(server: server) }
        let ids = Set(servers.map(\.id))
        for (id, var entry) in known where !ids.contains(id) {
            let missingSince = entry.missingSince ?? now
            if entry.server.mode == .draining || now - missingSince > Self.missingMax {
                known[id] = nil
            } else {
                entry.missingSince = missingSince
                known[id] = entry
            }
        }
    }

    /// The process of the run called `name` has ended.
    package mutating func runEnded(_ name: String) {
        if endedRuns.count >= Self.endedMax { endedRuns = [] }
        endedRuns.insert(name)
        known = known.filter { $0.key.name != name }
    }

    /// The run called `name` was told to drain: whoever told it knows before the registry does.
    package mutating func runDrains(_ name: String) {
        for (id, var entry) in known where id.name == name {
            entry.server.mode = .draining
            known[id] = entry
        }
    }

    private static func server(_ worker: ListedWorker) -> RouterServer? {
        guard let kind = WorkerKind(rawValue: worker.kind), let publicAddress = worker.publicAddress,
            worker.phase == "ready" || worker.phase == "draining"
        else { return nil }
        return RouterServer(
            id: worker.id, kind: kind, publicAddress: publicAddress, operationsAddress: worker.operationsAddress,
            mode: worker.phase == "ready" ? .serving : .draining)
    }
}
