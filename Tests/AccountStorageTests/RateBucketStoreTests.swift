import Identifiers
import Postgres
import Storage
import Testing

@Suite struct RateBucketStoreTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    @Test func asManyAsTheBurstAreTakenAndThenOneEachInterval() async throws {
        try await withTestDatabase { database in
            let store = RateBucketStore(database: database)
            // When, from which bucket, and for how long it refuses.
            let takes: [(Int64, UInt8, Int64?)] = [
                (0, 1, nil), (0, 1, nil), (0, 1, nil), (0, 1, 100), (40, 1, 60), (0, 2, nil), (100, 1, nil),
                (100, 1, 100), (1_000, 1, nil), (1_000, 1, nil), (1_000, 1, nil), (1_000, 1, 100),
            ]
            for (milliseconds, key, wait) in takes {
                let outcome = try await store.take(
                    [key], intervalMs: 100, burst: 3, at: now.advanced(by: .milliseconds(milliseconds)))
                #expect(outcome == wait.map { .refused(retryAfter: .milliseconds($0)) } ?? .taken)
            }
        }
    }

    @Test func whatIsGivenBackCanBeTakenAgain() async throws {
        try await withTestDatabase { database in
            let store = RateBucketStore(database: database)
            for _ in 0..<5 {
                #expect(try await store.take([1], intervalMs: 100, burst: 1, at: now) == .taken)
                try await store.giveBack([1], intervalMs: 100)
            }
            #expect(try await store.take([1], intervalMs: 100, burst: 1, at: now) == .taken)
            let refused = try await store.take([1], intervalMs: 100, burst: 1, at: now)
            #expect(refused == .refused(retryAfter: .milliseconds(100)))
        }
    }

    @Test func manyAtOnceAreNoMoreThanTheBurst() async throws {
        try await withTestDatabase { database in
            let store = RateBucketStore(database: database)
            let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<40 {
                    group.addTask { try await store.take([1], intervalMs: 60_000, burst: 10, at: now) == .taken }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(taken == 10)
        }
    }

    @Test func bucketsThatAreFullAgainGo() async throws {
        try await withTestDatabase { database in
            let store = RateBucketStore(database: database)
            for key in UInt8(0)..<30 { _ = try await store.take([key], intervalMs: 100, burst: 3, at: now) }
            let later = now.advanced(by: .seconds(10))
            for key in UInt8(100)..<102 { _ = try await store.take([key], intervalMs: 100, burst: 3, at: later) }
            #expect(try await database.query("SELECT FROM rate_bucket").count == 2)
        }
    }
}
