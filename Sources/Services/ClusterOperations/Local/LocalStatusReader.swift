/// The status of a cluster on this machine: what every cluster knows of itself, with processes and the router's view.
struct LocalStatusReader: Sendable {
    let reader: StatusReader
    let supervisor: WorkerSupervisor
    let follower: RouterFollower
    let url: String

    func read() async throws -> ClusterStatus {
        var status = try await reader.read()
        status.url = url
        let entries = await supervisor.entries()
        // A row outlives a process that was killed; we know better.
        let ended = await follower.endedRuns
        status.workers.removeAll { ended.contains(String($0.id.prefix { $0 != ":" })) }
        for index in status.workers.indices {
            let name = status.workers[index].id.prefix { $0 != ":" }
            guard let entry = entries.first(where: { $0.name.map { $0 == name } ?? false }) else { continue }
            status.workers[index].slot = entry.slot.description
            status.workers[index].pid = entry.pid
            status.workers[index].restarts = entry.restarts
        }
        status.routers = await follower.states.map {
            ClusterStatus.RouterServer(pool: $0.pool, worker: $0.name, state: Self.name($0))
        }
        return status
    }

    private static func name(_ state: RouterServerState) -> String {
        if state.isInMaintenance { return "maintenance" }
        if state.isDraining || state.operational == 3 { return "draining" }
        return state.isServing ? "serving" : "down"
    }
}
