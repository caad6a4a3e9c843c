import Identifiers
import Postgres
import Synchronization

/// Looks at the lease table again and again, so that afterwards it is known who owned what, and when that changed.
public final class OwnerWatch: Sendable {
    static let interval = Duration.milliseconds(50)

    /// When a shard came under a new epoch, as far as looking every 50 ms can tell.
    public struct Reign: Sendable {
        public let shard: ShardID
        public let epoch: Int64
        public let seenAt: ContinuousClock.Instant
    }

    private let database: PostgresDatabase
    private let recorder: HistoryRecorder
    private let seen = Mutex<[Reign]>([])

    init(database: PostgresDatabase, recorder: HistoryRecorder) {
        self.database = database
        self.recorder = recorder
    }

    /// Changes of epochs since the watch began.
    var reigns: [Reign] { seen.withLock { $0 } }

    func run() async throws {
        var epochs: [ShardID: Int64] = [:]
        while !Task.isCancelled {
            let sightings = try await look()
            recorder.note(sightings)
            for sighting in sightings {
                if let before = epochs[sighting.shard], before != sighting.epoch {
                    seen.withLock {
                        $0.append(Reign(shard: sighting.shard, epoch: sighting.epoch, seenAt: .now))
                    }
                }
                epochs[sighting.shard] = sighting.epoch
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    private func look() async throws -> [OwnerSighting] {
        let rows = try await database.query(
            "SELECT partition, owner, epoch FROM lease WHERE owner IS NOT NULL AND partition LIKE 'shard/%'")
        return try rows.compactMap { row in
            guard let number = Int16(try row.text("partition").dropFirst("shard/".count)) else { return nil }
            return OwnerSighting(shard: ShardID(number), epoch: try row.int64("epoch"), owner: try row.text("owner"))
        }
    }
}
