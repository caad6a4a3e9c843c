import Synchronization

// Places are few and work may be slow. Whoever brings a lot of it holds some of the places at most, so that one is free, or
// soon is, for whoever brings little; and those who wait are served in turn: one of each, then the next of each. So the
// first thing somebody brings waits behind at most one of everybody else's, however much they have brought.

/// Hands a few places out in turn among those who want them.
package final class FairPlaces<Owner: Hashable & Sendable>: Sendable {
    /// How many there may be at once.
    package struct Limits: Sendable {
        /// Places in all.
        package var places: Int
        package var placesOfOne: Int
        /// Those who wait in all.
        package var waiting: Int
        package var waitingOfOne: Int

        package init(places: Int, placesOfOne: Int, waiting: Int, waitingOfOne: Int) {
            precondition(places > 0 && placesOfOne > 0, "without a place nothing is ever done")
            precondition(waiting >= 0 && waitingOfOne >= 0, "fewer than none cannot wait")
            self.places = places
            self.placesOfOne = placesOfOne
            self.waiting = waiting
            self.waitingOfOne = waitingOfOne
        }
    }

    private enum Answer { case place, refused, cancelled }

    private struct Waiter {
        let number: UInt64
        let answer: CheckedContinuation<Answer, Never>
    }

    /// What one owner has.
    private struct Line {
        var taken = 0
        var waiting: [Waiter] = []
    }

    private struct State {
        var free: Int
        var waitingCount = 0
        var lastNumber: UInt64 = 0
        /// Of everybody who has a place or waits.
        var lines: [Owner: Line] = [:]
        /// Those who wait and may have another place, each once, in their turn; empty while a place is free.
        var turns: [Owner] = []
    }

    private let limits: Limits
    private let state: Mutex<State>

    package init(_ limits: Limits) {
        self.limits = limits
        state = Mutex(State(free: limits.places))
    }

    /// Does `body` in a place of its owner's; `nil` when too much waits for one.
    ///
    /// - Throws: `CancellationError` when cancelled before there was a place; what `body` throws.
    package func withPlace<Value: Sendable>(of owner: Owner, _ body: () async throws -> Value) async throws -> Value? {
        switch await enter(owner) {
        case .refused: return nil
        case .cancelled: throw CancellationError()
        case .place:
            defer { leave(owner) }
            return try await body()
        }
    }

    /// How many wait for a place.
    package var waitingCount: Int { state.withLock { $0.waitingCount } }

    private func enter(_ owner: Owner) async -> Answer {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { answer in
                let answered = state.withLock { enter(owner, Waiter(number: number, answer: answer), &$0) }
                for (waiter, answer) in answered { waiter.answer.resume(returning: answer) }
                // Cancelled before it waited, and so not noticed.
                if Task.isCancelled { cancel(number, of: owner) }
            }
        } onCancel: {
            cancel(number, of: owner)
        }
    }

    private func cancel(_ number: UInt64, of owner: Owner) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.lines[owner]?.waiting.firstIndex(where: { $0.number == number }) else { return nil }
            return Self.removeWaiter(at: index, of: owner, &state)
        }
        waiter?.answer.resume(returning: .cancelled)
    }

    private func leave(_ owner: Owner) {
        let next = state.withLock { state -> Waiter? in
            state.free += 1
            guard var line = state.lines[owner] else { preconditionFailure("who leaves a place has one") }
            // Now they may have one again.
            if line.taken == limits.placesOfOne, !line.waiting.isEmpty { state.turns.append(owner) }
            line.taken -= 1
            state.lines[owner] = line.taken == 0 && line.waiting.isEmpty ? nil : line
            return serveNext(&state)
        }
        next?.answer.resume(returning: .place)
    }

    // MARK: With the state locked

    /// - Returns: who is to be told what; a waiter who is not waits.
    private func enter(_ owner: Owner, _ waiter: Waiter, _ state: inout State) -> [(Waiter, Answer)] {
        var line = state.lines[owner] ?? Line()
        if state.free > 0, line.taken < limits.placesOfOne {
            line.taken += 1
            state.free -= 1
            state.lines[owner] = line
            return [(waiter, .place)]
        }
        guard line.waiting.count < limits.waitingOfOne else { return [(waiter, .refused)] }
        var answered: [(Waiter, Answer)] = []
        if state.waitingCount == limits.waiting {
            guard let last = makeRoom(besides: line.waiting.count, &state) else { return [(waiter, .refused)] }
            answered.append((last, .refused))
        }
        if line.waiting.isEmpty, line.taken < limits.placesOfOne { state.turns.append(owner) }
        line.waiting.append(waiter)
        state.waitingCount += 1
        state.lines[owner] = line
        return answered
    }

    /// Turns the last one away of whoever has most that waits, for somebody who has at least two fewer.
    private func makeRoom(besides count: Int, _ state: inout State) -> Waiter? {
        guard let longest = state.lines.max(by: { $0.value.waiting.count < $1.value.waiting.count }),
            longest.value.waiting.count > count + 1
        else { return nil }
        return Self.removeWaiter(at: longest.value.waiting.count - 1, of: longest.key, &state)
    }

    private static func removeWaiter(at index: Int, of owner: Owner, _ state: inout State) -> Waiter? {
        guard var line = state.lines[owner] else { return nil }
        let waiter = line.waiting.remove(at: index)
        state.waitingCount -= 1
        if line.waiting.isEmpty { state.turns.removeAll { $0 == owner } }
        state.lines[owner] = line.taken == 0 && line.waiting.isEmpty ? nil : line
        return waiter
    }

    /// Gives a free place to whoever's turn it is.
    private func serveNext(_ state: inout State) -> Waiter? {
        guard state.free > 0, !state.turns.isEmpty else { return nil }
        let owner = state.turns.removeFirst()
        guard var line = state.lines[owner], !line.waiting.isEmpty else {
            preconditionFailure("whose turn it is waits")
        }
        let waiter = line.waiting.removeFirst()
        line.taken += 1
        state.free -= 1
        state.waitingCount -= 1
        if line.taken < limits.placesOfOne, !line.waiting.isEmpty { state.turns.append(owner) }
        state.lines[owner] = line
        return waiter
    }
}
