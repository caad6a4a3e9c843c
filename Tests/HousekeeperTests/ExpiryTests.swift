import Housekeeper
import Identifiers
import Postgres
import Schema
import Storage
import TestSupport
import Testing
import WorkerContracts

@Suite struct ExpiryTests {
    private static let now = Timestamp(milliseconds: 10_000_000_000)

    private func ago(_ duration: Duration) -> Int64 { Self.now.advanced(by: .zero - duration).milliseconds }

    @Test func whatIsOverGoesAndWhatMayStillBeAskedForStays() async throws {
        try await TestDatabase.with { test in
            let user = "@alice:\(TestDatabase.serverName)"
            try await test.database.query(
                "INSERT INTO account (user_id, shard, created_at_ms) VALUES ($1, 0, 0)", user)
            try await test.database.query(
                "INSERT INTO device (user_id, device_id, created_at_ms) VALUES ($1, 'D', 0)", user)
            let tokens: [(UInt8, Int64?)] = [
                (1, nil), (2, ago(.seconds(1))), (3, ago(ExpiredRows.expiredTokenKept + .seconds(1))),
            ]
            for (name, expiry) in tokens {
                try await test.database.query(
                    """
                    INSERT INTO access_token (token_hash, user_id, device_id, created_at_ms, expires_at_ms)
                    VALUES ($1, $2, 'D', 0, $3::bigint)
                    """, [name], user, expiry)
            }
            for (name, expiry) in [(UInt8(8), ago(.zero - .seconds(1))), (9, ago(.seconds(1)))] {
                try await test.database.query(
                    """
                    INSERT INTO account_token (token_hash, purpose, user_id, expires_at_ms)
                    VALUES ($1, 'login', $2, $3)
                    """, [name], user, expiry)
            }
            for (name, expiry) in [("soon", ago(.zero - .seconds(1))), ("over", ago(.seconds(1)))] {
                try await test.database.query("INSERT INTO rendezvous VALUES ($1, 1, '', '', 0, $2)", name, expiry)
                try await test.database.query("INSERT INTO sticky_event VALUES ($1, 1, 0, $2)", name, expiry)
            }
            let job = ExpiryJob(rows: ExpiredRows(database: test.database), clock: WallClock { Self.now })
            #expect(try await job.step(from: nil) == .finished)
            for column in ["rendezvous_id AS name FROM rendezvous", "room_id AS name FROM sticky_event"] {
                let rows = try await test.database.query("SELECT \(column)")
                #expect(try rows.map { try $0.text("name") } == ["soon"])
            }
            let left = try await test.database.query("SELECT token_hash FROM access_token ORDER BY token_hash")
            #expect(try left.map { try $0.bytes("token_hash") } == [[1], [2]], "an expired one may be refreshed")
            let others = try await test.database.query("SELECT token_hash FROM account_token")
            #expect(try others.map { try $0.bytes("token_hash") } == [[8]])
        }
    }

    @Test func keysNobodyCanAskForAreDeletedSomeAtATime() async throws {
        try await TestDatabase.with { test in
            try await test.database.query(
                """
                INSERT INTO key_backup_session (store_id, room_id, session_id, first_message_index, forwarded_count,
                                                is_verified, session_data)
                SELECT store, '!r', n::text::bytea, 0, 0, true, '{}'
                  FROM unnest(ARRAY[1, 2, 3]) AS store, generate_series(1, $1) AS n
                """, Int64(AbandonedKeys.keysMax + 10))
            try await test.database.query("INSERT INTO abandoned_key_store VALUES (1), (2)")
            try await test.database.query(
                """
                INSERT INTO one_time_key (user_id, device_id, key_id, algorithm, json, shard, seq, claimed_at)
                VALUES ('@a:x', 'D', 'a:1', 'a', '1', 0, 1, now() - interval '181 days'),
                       ('@a:x', 'D', 'a:2', 'a', '1', 0, 1, now() - interval '179 days'),
                       ('@a:x', 'D', 'a:3', 'a', '1', 0, 1, NULL)
                """)
            let job = ExpiryJob(rows: ExpiredRows(database: test.database), clock: WallClock { Self.now })
            #expect(try await job.step(from: nil) == .more(checkpoint: []))
            var steps = 1
            while try await job.step(from: []) != .finished { steps += 1 }
            while try await !test.database.query("SELECT FROM abandoned_key_store").isEmpty {
                steps += 1
                try #require(steps < 20)
                _ = try await job.step(from: nil)
            }
            let left = try await test.database.query("SELECT DISTINCT store_id FROM key_backup_session")
            #expect(try left.map { try $0.int64("store_id") } == [3])
            let keys = try await test.database.query("SELECT key_id FROM one_time_key ORDER BY key_id")
            #expect(try keys.map { try $0.text("key_id") } == ["a:2", "a:3"])
        }
    }

    @Test func aStepDeletesABoundedNumber() async throws {
        try await TestDatabase.with { test in
            let user = "@alice:\(TestDatabase.serverName)"
            try await test.database.query(
                "INSERT INTO account (user_id, shard, created_at_ms) VALUES ($1, 0, 0)", user)
            try await test.database.query(
                """
                INSERT INTO account_token (token_hash, purpose, user_id, expires_at_ms)
                SELECT n::text::bytea, 'login', $2, 0 FROM generate_series(1, $1) AS n
                """, Int64(ExpiredRows.rowsMax + 1), user)
            let job = ExpiryJob(rows: ExpiredRows(database: test.database), clock: WallClock { Self.now })
            #expect(try await job.step(from: nil) == .more(checkpoint: []))
            let left = try await test.database.query("SELECT count(*) AS n FROM account_token")
            #expect(try left[0].int64("n") == 1)
            #expect(try await job.step(from: []) == .finished)
        }
    }

    @Test func partitionsAreMadeAndDropped() async throws {
        try await TestDatabase.with { test in
            let day = try await test.database.query(
                "SELECT to_char((now() AT TIME ZONE 'UTC')::date - 9, 'YYYYMMDD') AS old"
            )[0].text("old")
            try await test.database.query("CREATE TABLE log_\(day) (LIKE log INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
            let newest = try await test.database.query(
                "SELECT to_char((now() AT TIME ZONE 'UTC')::date + 7, 'YYYYMMDD') AS last"
            )[0].text("last")
            try await test.database.query("DROP TABLE log_\(newest)")
            #expect(try await PartitionUpkeep(database: test.database).step(from: nil) == .finished)
            #expect(
                try await LogTablePartitions.daysPrepared(on: test.database) == LogTablePartitions.daysAhead)
            let old = try await test.database.query("SELECT to_regclass('log_\(day)') IS NULL AS is_gone")
            #expect(try old[0].bool("is_gone"))
        }
    }
}
