import MatrixHTTP
import Synchronization

/// Bounds what goes on at once for one user, or with one server, so that one does not take the places of all.
final class KeyedPlaces<Key: Hashable & Sendable>: Sendable {
    static var retryAfter: Duration { .seconds(2) }

    private let perKeyMax: Int
    private let taken = Mutex<[Key: Int]>([:])

    init(perKeyMax: Int) { self.perKeyMax = perKeyMax }

    /// - Throws: `M_LIMIT_EXCEEDED` when there is no place left.
    func withPlace<Value>(of key: Key, _ body: () async throws -> Value) async throws -> Value {
        let isIn = taken.withLock { taken in
            guard taken[key, default: 0] < perKeyMax else { return false }
            taken[key, default: 0] += 1
            return true
        }
        guard isIn else { throw MatrixError.limitExceeded(retryAfter: Self.retryAfter) }
        defer {
            taken.withLock { taken in
                taken[key, default: 0] -= 1
                if taken[key] == 0 { taken[key] = nil }
            }
        }
        return try await body()
    }
}
