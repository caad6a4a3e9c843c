import Collections
import Synchronization

/// Bounds what is carried out and what waits, per cost class, so that one class never takes another's place.
public final class Admission: Sendable {
    private struct Waiting {
        let number: UInt64
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var inFlight = 0
        var waiting: Deque<Waiting> = []
        var nextNumber: UInt64 = 0
    }

    public let cost: CostClass
    private let inFlightMax: Int
    private let waitingMax: Int
    private let state = Mutex(State())

    public init(_ cost: CostClass, inFlightMax: Int? = nil, waitingMax: Int? = nil) {
        self.cost = cost
        self.inFlightMax = inFlightMax ?? cost.inFlightMax
        self.waitingMax = waitingMax ?? cost.waitingMax
    }

    /// Requests under way now.
    public var inFlight: Int { state.withLock { $0.inFlight } }
    public var waiting: Int { state.withLock { $0.waiting.count } }

    /// Carries out `body` when there is a place, within the class's wait.
    ///
    /// - Throws: a 429 with `Retry-After` when there is none.
    public func withPlace<Result>(_ body: () async throws -> Result) async throws -> Result {
        let place = try await take()
        defer { withExtendedLifetime(place) {} }
        return try await body()
    }

    /// Takes a place, within the class's wait, for as long as what is returned lives.
    ///
    /// - Throws: a 429 with `Retry-After` when there is none.
    func take() async throws -> AdmissionPlace {
        guard await enter() else { throw HTTPRefusal.busy(retryAfter: .seconds(Int64.random(in: 1...5))) }
        return AdmissionPlace(admission: self)
    }

    private func enter() async -> Bool {
        let isIn = state.withLock { state in
            guard state.inFlight < inFlightMax else { return false }
            state.inFlight += 1
            return true
        }
        return isIn ? true : await wait()
    }

    private func wait() async -> Bool {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        return await withTaskGroup(of: Bool?.self) { group in
            group.addTask {
                await withCheckedContinuation { continuation in self.enqueue(number, continuation) }
            }
            group.addTask {
                // Cancellation ends the wait as the time limit does.
                try? await Task.sleep(for: self.cost.waitMax)
                self.giveUp(number)
                return nil
            }
            for await outcome in group {
                guard let outcome else { continue }
                group.cancelAll()
                return outcome
            }
            return false
        }
    }

    private func enqueue(_ number: UInt64, _ continuation: CheckedContinuation<Bool, Never>) {
        let answer: Bool? = state.withLock { state in
            if state.inFlight < inFlightMax {
                state.inFlight += 1
                return true
            }
            guard state.waiting.count < waitingMax else { return false }
            state.waiting.append(Waiting(number: number, continuation: continuation))
            return nil
        }
        if let answer { continuation.resume(returning: answer) }
    }

    private func giveUp(_ number: UInt64) {
        let waiting = state.withLock { state -> Waiting? in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiting.remove(at: index)
        }
        waiting?.continuation.resume(returning: false)
    }

    fileprivate func leave() {
        let next = state.withLock { state -> Waiting? in
            if let next = state.waiting.popFirst() { return next }
            state.inFlight -= 1
            return nil
        }
        next?.continuation.resume(returning: true)
    }
}

/// A place among the requests of a class; it is free again when this goes.
final class AdmissionPlace: Sendable {
    private let admission: Admission

    fileprivate init(admission: Admission) { self.admission = admission }

    deinit { admission.leave() }
}
