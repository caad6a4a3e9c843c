import Identifiers
import Storage
import Synchronization

/// Buckets of one worker, as ``RateBucketStore`` has them for all.
package final class LocalRateBuckets: Sendable {
    /// The most buckets remembered; beyond, those that are full go, and if none is, all.
    package static let bucketsMax = 100_000

    private let bucketsMax: Int
    private let fullAtMs = Mutex<[[UInt8]: Int64]>([:])

    package init(bucketsMax: Int = bucketsMax) { self.bucketsMax = bucketsMax }

    package var count: Int { fullAtMs.withLock { $0.count } }

    /// Takes one from the bucket `key`.
    package func take(_ key: [UInt8], intervalMs: Int64, burst: Int64, at now: Timestamp) -> RateBucketStore.Outcome {
        fullAtMs.withLock { buckets in
            let full = max(buckets[key] ?? 0, now.milliseconds) + intervalMs
            let latest = now.milliseconds + intervalMs * burst
            guard full <= latest else { return .refused(retryAfter: .milliseconds(full - latest)) }
            if buckets[key] == nil, buckets.count >= bucketsMax {
                buckets = buckets.filter { $0.value > now.milliseconds }
                if buckets.count >= bucketsMax { buckets = [:] }
            }
            buckets[key] = full
            return .taken
        }
    }
}
