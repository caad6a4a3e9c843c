import Leases
import OutboundHTTP
import Postgres

/// Reads the state of a cluster from its database and its workers.
package struct StatusReader: Sendable {
    /// How long a worker may take to tell its position.
    static let workerMax = Duration.seconds(1)
    /// Consumers listed at most.
    static let consumersMax: Int32 = 1_000

    let database: any PostgresQuerying
    let http: HTTPClient

    package init(database: any PostgresQuerying, http: HTTPClient) {
        self.database = database
        self.http = http
    }

    package func read() async throws -> ClusterStatus {
        let shards = try await shards()
        var workers = try await ListedWorker.list(in: database).map { Self.worker($0, shards) }
        let positions = await positions(of: workers)
        for index in workers.indices { workers[index].logPosition = positions[workers[index].id] }
        return ClusterStatus(
            url: nil, workers: workers, shards: shards, consumers: try await consumers(), database: try await state(),
            routers: [])
    }

    private static func worker(_ listed: ListedWorker, _ shards: [ClusterStatus.Shard]) -> ClusterStatus.Worker {
        ClusterStatus.Worker(
            id: listed.id.text, kind: listed.kind, version: listed.version, phase: listed.phase,
            publicAddress: listed.publicAddress, internalAddress: listed.internalAddress,
            operationsAddress: listed.operationsAddress, secondsUp: listed.secondsSinceStart,
            secondsSinceSeen: listed.secondsSinceSeen, connectionsMax: listed.connectionsMax,
            shards: shards.filter { $0.owner == listed.id.text }.map(\.number))
    }

    private func shards() async throws(PostgresError) -> [ClusterStatus.Shard] {
        let rows = try await database.query(
            """
            SELECT h.shard, l.owner, h.epoch, h.seq, h.generation
              FROM head AS h LEFT JOIN lease AS l ON l.partition = 'shard/' || h.shard
             ORDER BY h.shard
            """)
        return try rows.map { row throws(PostgresError) in
            ClusterStatus.Shard(
                number: Int(try row.int16("shard")), owner: try row.optionalText("owner"),
                epoch: try row.int64("epoch"), position: try row.int64("seq"),
                generation: try row.int64("generation"))
        }
    }

    private func consumers() async throws(PostgresError) -> [ClusterStatus.Consumer] {
        let rows = try await database.query(
            """
            SELECT c.consumer, sum(greatest(h.seq - c.seq, 0))::bigint AS lag
              FROM consumer_position AS c JOIN head AS h USING (shard)
             GROUP BY c.consumer ORDER BY c.consumer LIMIT $1
            """, Self.consumersMax)
        return try rows.map { row throws(PostgresError) in
            ClusterStatus.Consumer(name: try row.text("consumer"), lag: try row.int64("lag"))
        }
    }

    private func state() async throws(PostgresError) -> ClusterStatus.Database {
        let rows = try await database.query(
            """
            SELECT (SELECT coalesce(max(version), 0) FROM schema_migration) AS schema_version, feature_level, generation,
                   (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
                   current_setting('max_connections')::int AS connections_max
              FROM cluster_state
            """)
        guard let row = rows.first else { throw PostgresError(.decoding("the cluster has no state row")) }
        return ClusterStatus.Database(
            schemaVersion: Int(try row.int32("schema_version")), featureLevel: Int(try row.int32("feature_level")),
            generation: try row.int64("generation"), connections: Int(try row.int64("connections")),
            connectionsMax: Int(try row.int32("connections_max")))
    }

    /// Asks every worker how far its tail is; who does not answer in time is left out.
    private func positions(of workers: [ClusterStatus.Worker]) async -> [String: Int64] {
        await withTaskGroup(of: (String, Int64?).self) { group in
            for worker in workers where !worker.operationsAddress.isEmpty {
                group.addTask { (worker.id, await position(at: worker.operationsAddress)) }
            }
            var positions: [String: Int64] = [:]
            for await (id, position) in group { positions[id] = position }
            return positions
        }
    }

    private func position(at address: String) async -> Int64? {
        do {
            let response = try await http.execute(
                HTTPRequest(method: "GET", url: "http://\(address)/metrics"), deadline: .now + Self.workerMax)
            return Self.gauge("apus_log_tail_position", in: response.body)
        } catch {
            return nil  // A worker that is gone or stuck is shown without a position.
        }
    }

    private static func gauge(_ name: String, in text: [UInt8]) -> Int64? {
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") where line.hasPrefix(name + " ") {
            return line.split(separator: " ").last.flatMap { Double($0) }.map { Int64($0) }
        }
        return nil
    }
}
