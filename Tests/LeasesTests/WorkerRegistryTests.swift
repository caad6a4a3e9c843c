import Leases
import Logging
import Postgres
import TestSupport
import Testing

@Suite struct WorkerRegistryTests {
    private func registry(_ name: String, _ test: TestDatabase) -> WorkerRegistry {
        WorkerRegistry(
            id: WorkerID(name: name), kind: .roomWriter, version: "test", database: test.database,
            logger: Logger(label: "test"))
    }

    private func register(_ registry: WorkerRegistry) async throws {
        try await registry.register(
            phase: "ready", publicAddress: nil, internalAddress: "127.0.0.1:1", operationsAddress: "127.0.0.1:2")
    }

    @Test func aWorkerIsFoundUntilItIsRemoved() async throws {
        try await TestDatabase.with { test in
            let registry = registry("a", test)
            try await register(registry)
            #expect(await registry.workers().map(\.id) == [registry.id])
            try await registry.enterDraining()
            await registry.invalidate()
            #expect(await registry.workers().map(\.phase) == ["draining"])
            try await registry.remove()
            await registry.invalidate()
            #expect(await registry.workers().isEmpty)
        }
    }

    @Test func aForgottenRowIsWrittenAgainInThePhaseTheWorkerIsIn() async throws {
        try await TestDatabase.with { test in
            let registry = registry("a", test)
            try await register(registry)
            try await registry.enterDraining()
            try await test.database.query("DELETE FROM worker")
            let heartbeat = Task { await registry.run() }
            #expect(
                try await comesTrue {
                    await registry.invalidate()
                    return await registry.workers().map(\.phase) == ["draining"]
                })
            heartbeat.cancel()
            await heartbeat.value
        }
    }

    @Test func aWorkerUnseenForLongIsRemovedByTheOthers() async throws {
        try await TestDatabase.with { test in
            let (dead, alive) = (registry("dead", test), registry("alive", test))
            try await register(dead)
            try await register(alive)
            try await test.database.query(
                "UPDATE worker SET seen_at = now() - interval '2 minutes' WHERE worker_id = $1", dead.id.text)
            let heartbeat = Task { await alive.run() }
            #expect(
                try await comesTrue {
                    try await test.database.query("SELECT FROM worker").count == 1
                })
            heartbeat.cancel()
            await heartbeat.value
        }
    }

    @Test func theFeatureLevelGoesAsFarAsEveryWorkerAndNeverBack() async throws {
        try await TestDatabase.with { test in
            try await register(registry("a", test))
            try await test.database.query("UPDATE worker SET feature_level_max = 5")
            #expect(
                try await FeatureLevel.raise(in: test.database) == FeatureLevel.known, "not past what this build knows")
            func raise(to level: Int32) async throws -> Int32 {
                try await test.database.query("SELECT raise_feature_level($1) AS level", level)[0].int32("level")
            }
            #expect(try await raise(to: 3) == 3)
            #expect(try await raise(to: 9) == 5)
            try await test.database.query("UPDATE worker SET feature_level_max = 2")
            #expect(try await raise(to: 9) == 5)
        }
    }

    @Test func aWorkerThatIsBehindTheClusterIsRefused() async throws {
        try await TestDatabase.with { test in
            try await test.database.query("UPDATE cluster_state SET feature_level = $1", FeatureLevel.known + 1)
            await #expect(throws: WorkerRegistry.Failure.clusterIsAhead(featureLevel: FeatureLevel.known + 1)) {
                try await register(registry("old", test))
            }
            #expect(try await test.database.query("SELECT FROM worker").isEmpty)
        }
    }

    @Test func aWorkerThatRegistersDuringARaiseIsRefusedNotOverlooked() async throws {
        try await TestDatabase.with { test in
            try await register(registry("new", test))
            try await test.database.query("UPDATE worker SET feature_level_max = 2")
            let raiser = try await test.database.dedicatedConnection(applicationName: "raiser")
            try await raiser.query("BEGIN")
            #expect(try await raiser.query("SELECT raise_feature_level(2)").count == 1)
            let registering = Task { try await register(registry("old", test)) }
            #expect(
                try await comesTrue {
                    try await !test.database.query(
                        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                    ).isEmpty
                })
            try await raiser.query("COMMIT")
            await #expect(throws: WorkerRegistry.Failure.clusterIsAhead(featureLevel: 2)) {
                try await registering.value
            }
            await raiser.close()
        }
    }
}
