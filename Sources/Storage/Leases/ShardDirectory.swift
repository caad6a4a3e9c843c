import Identifiers
import Logging
import Postgres

/// Which worker owns which shard, for those who send commands; remembered until it proves wrong.
public actor ShardDirectory {
    /// How old an answer may be.
    public static let ageMax = Duration.seconds(5)
    /// How often the database is asked at most, however many find the answer wrong at once.
    static let readInterval = Duration.milliseconds(20)

    private let database: any PostgresQuerying
    private let logger: Logger
    private var addresses: [ShardID: String] = [:]
    private var readAt: ContinuousClock.Instant?
    private var isStale = true
    private var reading: Task<Void, Never>?

    public init(database: any PostgresQuerying, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    /// The internal address of the shard's owner; `nil` while nobody owns it.
    public func ownerAddress(of shard: ShardID) async -> String? {
        if isStale || reading != nil || readAt.map({ .now - $0 > Self.ageMax }) ?? true { await refresh() }
        return addresses[shard]
    }

    /// What was answered last was wrong: look again.
    public func invalidate(_ shard: ShardID) { isStale = true }

    /// Single flight: callers that come while the database is asked get the same answer.
    private func refresh() async {
        if let reading { return await reading.value }
        if let readAt, .now - readAt < Self.readInterval { return }
        let task = Task { await read() }
        reading = task
        await task.value
    }

    /// What is found wrong while the database is asked stays to be asked again: the answer may be from before.
    private func read() async {
        isStale = false
        do {
            addresses = try await Self.read(database)
            readAt = .now
        } catch {
            isStale = true
            logger.warning("leases not read, the last are used", metadata: ["error": "\(error)"])
        }
        reading = nil
    }

    private static func read(_ database: any PostgresQuerying) async throws(PostgresError) -> [ShardID: String] {
        let rows = try await database.query(
            """
            SELECT substr(l.partition, 7)::smallint AS shard, w.internal_address
              FROM lease AS l JOIN worker AS w ON w.worker_id = l.owner
             WHERE l.partition LIKE 'shard/%'
            """)
        var addresses: [ShardID: String] = [:]
        for row in rows { addresses[ShardID(try row.int16("shard"))] = try row.text("internal_address") }
        return addresses
    }
}
