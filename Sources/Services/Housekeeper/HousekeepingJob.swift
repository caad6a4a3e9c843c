/// Something done in the background, in steps that are bounded and do no harm when done twice.
package protocol HousekeepingJob: Sendable {
    /// As the `job` table, the lease and the metrics have it.
    static var name: String { get }
    /// How long after a run the next begins.
    static var interval: Duration { get }

    /// Does one bounded step.
    ///
    /// - Parameter checkpoint: what the step before said; `nil` at the start of a run.
    func step(from checkpoint: [UInt8]?) async throws -> JobProgress
}

/// What a step of a job leaves.
package enum JobProgress: Sendable, Equatable {
    /// There is more; the next step goes on from here, on whatever worker.
    case more(checkpoint: [UInt8])
    case finished
}
