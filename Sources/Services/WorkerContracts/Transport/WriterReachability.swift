import Leases
import Logging
import Synchronization
import WorkerRuntime

// A room-writer can be alive for the database and yet get no commands: its port hangs, or the network between is cut.
// Only those who send commands can tell. Each client worker remembers what became of its attempts, and votes against a
// writer that nothing has reached for a while, provided that it reaches another one: otherwise it is itself what is cut
// off.

/// Which room-writers this worker's commands reach.
public final class WriterReachability: Sendable {
    /// Nothing may have arrived for this long before a writer counts as unreachable.
    package static let patience = Duration.seconds(3)
    /// Attempts in that time at least.
    package static let missesMin = 3
    /// Addresses remembered at once; beyond, the memory starts anew.
    package static let addressesMax = 1_000
    static let votingInterval = Duration.seconds(1)

    private struct Record {
        var reachedAt: ContinuousClock.Instant?
        var missedSince: ContinuousClock.Instant?
        var missedAt: ContinuousClock.Instant?
        var misses = 0
    }

    private let votes: UnreachableWriterVotes
    private let logger: Logger
    private let records = Mutex<[String: Record]>([:])

    public init(votes: UnreachableWriterVotes, logger: Logger) {
        self.votes = votes
        self.logger = logger
    }

    /// The writer at `address` answered something.
    package func reached(_ address: String, at now: ContinuousClock.Instant = .now) {
        note(address) { $0 = Record(reachedAt: now) }
    }

    /// An attempt at `address` got no answer.
    package func missed(_ address: String, at now: ContinuousClock.Instant = .now) {
        note(address) { record in
            record.missedSince = record.missedSince ?? now
            record.missedAt = now
            record.misses += 1
        }
    }

    /// The addresses of writers that can be said to be unreachable.
    package func unreachable(at now: ContinuousClock.Instant = .now) -> [String] {
        let since = now - Self.patience
        return records.withLock { records in
            guard records.values.contains(where: { $0.reachedAt.map { $0 > since } ?? false }) else { return [] }
            return records.filter { _, record in
                guard let first = record.missedSince, let last = record.missedAt else { return false }
                return first <= since && last > since && record.misses >= Self.missesMin
            }.keys.sorted()
        }
    }

    /// Votes each second against those that cannot be reached, until cancelled.
    public func run() async {
        await repeatUntilCancelled(every: Self.votingInterval) {
            let addresses = unreachable()
            if !addresses.isEmpty {
                logger.warning("room-writers cannot be reached", metadata: ["addresses": "\(addresses)"])
                do {
                    try await votes.cast(against: addresses)
                } catch {
                    logger.warning("vote not cast", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func note(_ address: String, _ change: (inout Record) -> Void) {
        records.withLock { records in
            if records.count >= Self.addressesMax, records[address] == nil { records = [:] }
            change(&records[address, default: Record()])
        }
    }
}
