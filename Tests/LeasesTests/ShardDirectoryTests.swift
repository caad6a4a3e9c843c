import Identifiers
import Leases
import Logging
import Postgres
import TestSupport
import Testing

@Suite struct ShardDirectoryTests {
    private func own(_ shard: Int16, at address: String, in test: TestDatabase) async throws {
        try await test.database.query(
            """
            INSERT INTO worker (worker_id, kind, version, feature_level_max, internal_address, operations_address, phase)
            VALUES ($1, 'room-writer', 'test', 1, $1, '', 'ready') ON CONFLICT DO NOTHING
            """, address)
        try await test.database.query("UPDATE lease SET owner = $1 WHERE partition = $2", address, "shard/\(shard)")
    }

    @Test func anOwnerIsRememberedUntilItProvesWrong() async throws {
        try await TestDatabase.with { test in
            let directory = ShardDirectory(database: test.database, logger: Logger(label: "test"))
            try await own(1, at: "a:1", in: test)
            #expect(await directory.ownerAddress(of: ShardID(1)) == "a:1")
            #expect(await directory.ownerAddress(of: ShardID(2)) == nil)
            try await own(1, at: "b:1", in: test)
            #expect(await directory.ownerAddress(of: ShardID(1)) == "a:1")
            #expect(
                try await comesTrue {
                    await directory.invalidate(ShardID(1))
                    return await directory.ownerAddress(of: ShardID(1)) == "b:1"
                })
        }
    }

    @Test func manyWhoAskAtOnceCostOneReading() async throws {
        try await TestDatabase.with { test in
            let counting = CountingDatabase(inner: test.database)
            let directory = ShardDirectory(database: counting, logger: Logger(label: "test"))
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<100 { group.addTask { _ = await directory.ownerAddress(of: ShardID(1)) } }
            }
            #expect(await counting.count == 1)
        }
    }
}

private actor CountingDatabase: PostgresQuerying {
    private let inner: PostgresDatabase
    private(set) var count = 0

    init(inner: PostgresDatabase) { self.inner = inner }

    func query(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresRows {
        count += 1
        return try await inner.query(statement)
    }
}
