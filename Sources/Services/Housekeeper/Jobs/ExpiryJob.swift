import Storage
import WorkerContracts

/// Deletes what has expired: access tokens, tokens for one purpose, meeting places, and what events stick by.
package struct ExpiryJob: HousekeepingJob {
    package static let name = "expiry"
    package static let interval = Duration.seconds(600)

    let rows: ExpiredRows
    let clock: WallClock

    package init(rows: ExpiredRows, clock: WallClock) {
        self.rows = rows
        self.clock = clock
    }

    package func step(from checkpoint: [UInt8]?) async throws -> JobProgress {
        let deleted = try await rows.delete(at: clock.now())
        return deleted < ExpiredRows.rowsMax ? .finished : .more(checkpoint: [])
    }
}
