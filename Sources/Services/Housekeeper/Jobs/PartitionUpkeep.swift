import Postgres
import Schema

/// Makes the partitions of days to come and drops those that are too old.
package struct PartitionUpkeep: HousekeepingJob {
    package static let name = "partitions"
    package static let interval = Duration.seconds(3_600)

    let database: PostgresDatabase

    package init(database: PostgresDatabase) { self.database = database }

    package func step(from checkpoint: [UInt8]?) async throws -> JobProgress {
        try await LogTablePartitions.ensure(on: database)
        try await LogTablePartitions.dropOld(database)
        return .finished
    }
}
