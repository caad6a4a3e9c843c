import Synchronization

// Of many that want the same at the same time, one makes it and the others get what it made. The one does it in its own
// task: when its client leaves, the next of those who wait takes over, and when all have left nothing goes on.

/// Makes each value once for all who ask for it at a time.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private enum Turn {
        /// Nobody makes it: whoever gets this does.
        case make
        case landed(Result<Value, any Error>)
    }

    private let waiting = Mutex<[Key: [CheckedContinuation<Turn, Never>]]>([:])

    /// What `make` makes, or what another caller's makes or fails with.
    func value(of key: Key, _ make: () async throws -> Value) async throws -> Value {
        while true {
            switch await turn(at: key) {
            case .landed(let result): return try result.get()
            case .make:
                do {
                    let value = try await make()
                    land(key, .landed(.success(value)))
                    return value
                } catch {
                    if Task.isCancelled { handOn(key) } else { land(key, .landed(.failure(error))) }
                    throw error
                }
            }
        }
    }

    private func turn(at key: Key) async -> Turn {
        await withCheckedContinuation { continuation in
            let isFirst = waiting.withLock { waiting in
                let isFirst = waiting[key] == nil
                waiting[key, default: []] += isFirst ? [] : [continuation]
                return isFirst
            }
            if isFirst { continuation.resume(returning: .make) }
        }
    }

    /// Tells all who wait.
    private func land(_ key: Key, _ turn: Turn) {
        for continuation in waiting.withLock({ $0.removeValue(forKey: key) ?? [] }) {
            continuation.resume(returning: turn)
        }
    }

    /// Lets the next of those who wait make it.
    private func handOn(_ key: Key) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Turn, Never>? in
            guard var rest = waiting[key], !rest.isEmpty else {
                waiting[key] = nil
                return nil
            }
            let next = rest.removeFirst()
            waiting[key] = rest
            return next
        }
        next?.resume(returning: .make)
    }
}
