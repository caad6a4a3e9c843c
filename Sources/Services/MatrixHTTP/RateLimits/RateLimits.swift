import ClusterConfiguration
import Crypto
import Identifiers
import Storage
import WorkerContracts

/// Refuses what somebody does too often.
package struct RateLimits: Sendable {
    /// Without one for a name, that name has no limit.
    let limits: [RateLimitName: RateLimit]
    let shared: RateBucketStore
    let local: LocalRateBuckets
    let clock: WallClock

    package init(
        limits: [RateLimitName: RateLimit], shared: RateBucketStore, local: LocalRateBuckets, clock: WallClock
    ) {
        self.limits = limits
        self.shared = shared
        self.local = local
        self.clock = clock
    }

    /// Counts `count` of `name` for `subject`, which is a user, room or address.
    ///
    /// More at once than the limit ever allows count as many as it allows.
    ///
    /// - Throws: `M_LIMIT_EXCEEDED` with the time after which one more is allowed.
    package func demand(_ name: RateLimitName, of subject: String, count: Int = 1) async throws {
        guard let limit = limits[name] else { return }
        let key = Self.key(name, subject)
        let burst = Int64(limit.burst)
        for _ in 0..<min(count, limit.burst) {
            let outcome =
                name.isShared
                ? try await shared.take(key, intervalMs: limit.intervalMs, burst: burst, at: clock.now())
                : local.take(key, intervalMs: limit.intervalMs, burst: burst, at: clock.now())
            if case .refused(let wait) = outcome { throw MatrixError.limitExceeded(retryAfter: wait) }
        }
    }

    /// As ``demand(_:of:)`` for what came from `address`.
    package func demand(_ name: RateLimitName, from address: String?) async throws {
        try await demand(name, of: address ?? Self.unknownAddress)
    }

    /// Makes one guess of `name`, which all workers share, about `subject`; what `find` finds is not counted.
    ///
    /// It is counted until it is known to be right: of many guesses at once no more get through than of as many in a row.
    ///
    /// - Throws: `M_LIMIT_EXCEEDED` after too many wrong ones.
    package func guess<Found>(
        _ name: RateLimitName, about subject: String, _ find: () async throws -> Found?
    ) async throws -> Found? {
        precondition(name.isShared, "only what is taken from a shared limit is given back")
        try await demand(name, of: subject)
        guard let found = try await find() else { return nil }
        if let limit = limits[name] {
            try await shared.giveBack(Self.key(name, subject), intervalMs: limit.intervalMs)
        }
        return found
    }

    /// What is counted when the router did not say whence a request came.
    package static let unknownAddress = "unknown"

    private static func key(_ name: RateLimitName, _ subject: String) -> [UInt8] {
        Array(SHA256.hash(data: Array("\(name.rawValue)\u{0}\(subject)".utf8)).prefix(16))
    }
}
