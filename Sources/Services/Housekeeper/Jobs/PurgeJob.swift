import Storage
import WorkerContracts

/// Deletes old messages of rooms as operators requested it.
package struct PurgeJob: HousekeepingJob {
    package static let name = "purge"
    /// Somebody waits for it.
    package static let interval = Duration.seconds(5)

    let requests: PurgeRequestStore
    let purge: EventPurge
    let clock: WallClock

    package init(requests: PurgeRequestStore, purge: EventPurge, clock: WallClock) {
        self.requests = requests
        self.purge = purge
        self.clock = clock
    }

    /// Where a request has come to is in its own row.
    package func step(from checkpoint: [UInt8]?) async throws -> JobProgress {
        guard let request = try await requests.next() else { return .finished }
        let step = try await purge.step(of: request.room, before: request.before, after: request.after)
        try await requests.advance(request, by: step, at: clock.now())
        return .more(checkpoint: [])
    }
}
