import Postgres
import TestSupport

/// Runs `body` on a fresh migrated database.
func withTestDatabase(_ body: (PostgresDatabase) async throws -> Void) async throws {
    try await TestDatabase.with { try await body($0.database) }
}
