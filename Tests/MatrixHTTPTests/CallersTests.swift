import Identifiers
import MatrixHTTP
import Postgres
import Synchronization
import TestSupport
import Testing

/// Counts the statements that go to the database.
private final class CountingDatabase: PostgresQuerying {
    let database: any PostgresQuerying
    private let counted = Mutex(0)

    init(_ database: any PostgresQuerying) { self.database = database }

    var count: Int { counted.withLock { $0 } }

    func query(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresRows {
        counted.withLock { $0 += 1 }
        return try await database.query(statement)
    }
}

@Suite struct CallersTests {
    private let alice: UserID
    private let device: DeviceID

    init() throws {
        alice = try #require(UserID("@alice:test.example"))
        device = try #require(DeviceID("D"))
    }

    /// Logs Alice in as if the client worker had.
    private func logIn(_ database: PostgresDatabase, expiresAtMs: Int64? = nil) async throws -> AccessToken {
        let token = AccessToken.make(for: alice)
        try await database.query(
            "INSERT INTO account (user_id, shard, created_at_ms) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING",
            alice.rawValue)
        try await database.query(
            "INSERT INTO device (user_id, device_id, created_at_ms) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
            alice.rawValue, device.rawValue)
        try await database.query(
            """
            INSERT INTO access_token (token_hash, user_id, device_id, created_at_ms, expires_at_ms)
            VALUES ($1, $2, $3, 0, $4::bigint)
            """, token.hash, alice.rawValue, device.rawValue, expiresAtMs)
        return token
    }

    @Test func tokensAreKnownExpiredOrUnknown() async throws {
        try await TestDatabase.with { test in
            let callers = Callers(database: test.database)
            let token = try await logIn(test.database)
            #expect(try await callers.caller(with: token) == .known(KnownCaller(user: alice, device: device)))
            let lasting = try await logIn(test.database, expiresAtMs: 33_000_000_000_000)
            #expect(try await callers.caller(with: lasting) == .known(KnownCaller(user: alice, device: device)))
            let expired = try await logIn(test.database, expiresAtMs: 1_000)
            #expect(try await callers.caller(with: expired) == .expired)
            #expect(try await callers.caller(with: AccessToken.make(for: alice)) == .unknown)
            #expect(try await callers.isStillValid(token))
            #expect(try await !callers.isStillValid(expired))
        }
    }

    @Test func aRevokedTokenStopsWithinASecond() async throws {
        try await TestDatabase.with { test in
            let callers = Callers(database: test.database)
            let token = try await logIn(test.database)
            #expect(try await callers.caller(with: token) == .known(KnownCaller(user: alice, device: device)))
            try await test.database.query("DELETE FROM access_token WHERE token_hash = $1", token.hash)
            let revoked = ContinuousClock.now
            // Whoever waits and looks again knows at once.
            #expect(try await !callers.isStillValid(token))
            var outcome = try await callers.caller(with: token)
            while outcome != .unknown, ContinuousClock.now - revoked < .seconds(2) {
                outcome = try await callers.caller(with: token)
            }
            #expect(outcome == .unknown)
            #expect(ContinuousClock.now - revoked < .seconds(1))
            #expect(Callers.rememberedFor < .seconds(1))
        }
    }

    @Test func aDeactivatedAccountsTokensAreUnknown() async throws {
        try await TestDatabase.with { test in
            let token = try await logIn(test.database)
            try await test.database.query("UPDATE account SET deactivated_at_ms = 1")
            #expect(try await Callers(database: test.database).caller(with: token) == .unknown)
        }
    }

    @Test func answersAreRememberedForAMoment() async throws {
        try await TestDatabase.with { test in
            let database = CountingDatabase(test.database)
            let callers = Callers(database: database)
            let token = try await logIn(test.database)
            let start = ContinuousClock.now
            var calls = 0
            repeat {
                _ = try await callers.caller(with: token)
                calls += 1
            } while calls < 50
            // As many look-ups as half seconds have begun, not one a call.
            let halves = Int((ContinuousClock.now - start) / Callers.rememberedFor) + 1
            #expect(database.count <= halves)
        }
    }

    @Test func memoryEndsAtItsLimit() async throws {
        try await TestDatabase.with { test in
            let callers = Callers(database: test.database, rememberedMax: 3)
            let tokens = (0..<4).map { _ in AccessToken.make(for: alice) }
            for token in tokens.prefix(3) { _ = try await callers.caller(with: token) }
            #expect(callers.rememberedCount == 3)
            _ = try await callers.caller(with: tokens[2])
            #expect(callers.rememberedCount == 3)
            _ = try await callers.caller(with: tokens[3])
            #expect(callers.rememberedCount == 1)
        }
    }
}
