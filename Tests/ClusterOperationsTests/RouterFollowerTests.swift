import ClusterOperations
import Leases
import Postgres
import TestSupport
import Testing

/// The router's pools follow the registry, through a real HAProxy and a real database.
@Suite(.serialized)
struct RouterFollowerTests {
    private static func registry(_ name: String, in database: PostgresDatabase) -> WorkerRegistry {
        WorkerRegistry(
            id: WorkerID(name: name), kind: .client, version: "test", database: database, logger: .silent)
    }

    private static func withFollower(
        _ body: @escaping @Sendable (PostgresDatabase, RouterFollower, String) async throws -> Void
    ) async throws {
        try await TestDatabase.with { test in
            let database = test.database
            try await withScriptedServer { _, responder in
                try await responder.respond(status: 200, "{}")
            } body: { server in
                try await RunningRouter.with { router in
                    let follower = RouterFollower(
                        database: database, socket: router.socket, hasInitialPool: true, logger: .silent)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { await follower.run() }
                        try await body(database, follower, server.address)
                        group.cancelAll()
                        try await group.waitForAll()
                    }
                }
            }
        }
    }

    @Test func aWorkerIsServedFromItsAnnouncementToItsFarewell() async throws {
        try await Self.withFollower { database, follower, address in
            let registry = Self.registry("client-1", in: database)
            try await registry.reserve(connections: 1)
            #expect(await !follower.isServing("client-1", kind: .client))
            try await registry.register(
                phase: "ready", publicAddress: address, internalAddress: address, operationsAddress: address)
            try await eventually("it is served") { await follower.isServing("client-1", kind: .client) }
            try await registry.enterDraining()
            try await eventually("it drains") {
                let states = await follower.states
                return !states.isEmpty && states.allSatisfy(\.isDraining)
            }
            try await registry.remove()
            try await eventually("it is gone") { await follower.states.isEmpty }
        }
    }

    @Test func aRunThatEndedIsTakenOutAtOnce() async throws {
        try await Self.withFollower { database, follower, address in
            let registry = Self.registry("client-1", in: database)
            try await registry.register(
                phase: "ready", publicAddress: address, internalAddress: address, operationsAddress: address)
            try await eventually("it is served") { await follower.isServing("client-1", kind: .client) }
            await follower.runEnded("client-1")
            #expect(await follower.states.allSatisfy(\.isInMaintenance))
            try await eventually("it is gone") { await follower.states.isEmpty }
        }
    }

    @Test func aRouterThatLostItsServersIsFilledAgain() async throws {
        try await Self.withFollower { database, follower, address in
            let registry = Self.registry("client-1", in: database)
            try await registry.register(
                phase: "ready", publicAddress: address, internalAddress: address, operationsAddress: address)
            try await eventually("it is served") { await follower.isServing("client-1", kind: .client) }
            let socket = await follower.socket
            for state in await follower.states {
                _ = try await socket.send("set server \(state.pool)/\(state.name) state maint")
            }
            try await eventually("it is served again") { await follower.isServing("client-1", kind: .client) }
        }
    }

    @Test func aWorkerWhoseConnectionsDoNotFitDoesNotStart() async throws {
        try await TestDatabase.with { test in
            let rows = try await test.database.query(
                """
                SELECT current_setting('max_connections')::int
                     - current_setting('superuser_reserved_connections')::int AS usable
                """)
            let usable = Int(try rows[0].int32("usable")) - ConnectionBudget.operatorReserve
            let first = Self.registry("first", in: test.database)
            try await first.reserve(connections: usable - 10)
            let second = Self.registry("second", in: test.database)
            await #expect(throws: ConnectionBudgetExceeded.self) { try await second.reserve(connections: 11) }
            let third = Self.registry("third", in: test.database)
            try await third.reserve(connections: 10)
            let names = try await ListedWorker.list(in: test.database).map(\.id.name)
            #expect(names.sorted() == ["first", "third"])
        }
    }
}
