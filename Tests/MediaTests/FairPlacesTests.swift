import Media
import Synchronization
import TestSupport
import Testing

/// Whose turn it is when there are fewer places than work.
@Suite(.timeLimit(.minutes(1)))
struct FairPlacesTests {
    /// Work by names whose first letter says whose it is; it goes on until it is told to end.
    private final class Work: Sendable {
        enum Outcome { case done, refused, cancelled }

        private struct State {
            var order: [String] = []
            var held: [String: CheckedContinuation<Void, Never>] = [:]
            var outcomes: [String: Outcome] = [:]
            var isOver = false
        }

        let places: FairPlaces<Character?>
        private let state = Mutex(State())

        init(_ limits: FairPlaces<Character?>.Limits) { places = FairPlaces(limits) }

        /// In which order it was begun.
        var order: [String] { state.withLock { $0.order } }
        var outcomes: [String: Outcome] { state.withLock { $0.outcomes } }

        /// Returns when the work is begun, waits, or has been refused.
        func bring(_ name: String, _ group: inout ThrowingTaskGroup<Void, any Error>) async throws {
            func seen() -> [Int] { [order.count, places.waitingCount, outcomes.count] }
            let before = seen()
            group.addTask {
                let outcome = await self.outcome(of: name)
                self.state.withLock { $0.outcomes[name] = outcome }
            }
            try await eventually("\(name) is looked at") { seen() != before }
        }

        private func outcome(of name: String) async -> Outcome {
            do {
                return try await places.withPlace(of: name.first) { await hold(name) } == nil ? .refused : .done
            } catch {
                return .cancelled
            }
        }

        private func hold(_ name: String) async {
            await withCheckedContinuation { end in
                let isOver = state.withLock { state in
                    state.order.append(name)
                    if !state.isOver { state.held[name] = end }
                    return state.isOver
                }
                if isOver { end.resume() }
            }
        }

        func end(_ name: String) async throws {
            try await eventually("\(name) goes on") { state.withLock { $0.held[name] != nil } }
            state.withLock { $0.held.removeValue(forKey: name) }?.resume()
            try await eventually("\(name) is over") { outcomes[name] != nil }
        }

        func endAll() {
            let held = state.withLock { state in
                state.isOver = true
                defer { state.held = [:] }
                return state.held
            }
            for end in held.values { end.resume() }
        }
    }

    private func with(
        places: Int, waiting: Int = 32, waitingOfOne: Int = 16,
        _ body: (Work, inout ThrowingTaskGroup<Void, any Error>) async throws -> Void
    ) async throws {
        let work = Work(.init(places: places, placesOfOne: 1, waiting: waiting, waitingOfOne: waitingOfOne))
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Whatever comes of it, nothing goes on.
            defer { work.endAll() }
            try await body(work, &group)
        }
    }

    @Test func eachIsServedInTurn() async throws {
        try await with(places: 1) { work, group in
            for name in ["a1", "a2", "a3", "a4", "b1", "c1", "b2", "a5"] { try await work.bring(name, &group) }
            #expect(work.places.waitingCount == 7)
            let expected = ["a1", "b1", "c1", "a2", "b2", "a3", "a4", "a5"]
            for name in expected { try await work.end(name) }
            #expect(work.order == expected)
            #expect(work.places.waitingCount == 0)
            #expect(work.outcomes.values.allSatisfy { $0 == .done })
        }
    }

    @Test func oneOwnerDoesNotTakeEveryPlace() async throws {
        try await with(places: 2) { work, group in
            for name in ["a1", "a2", "a3"] { try await work.bring(name, &group) }
            #expect(work.order == ["a1"])
            // There is one free for everybody else.
            try await work.bring("b1", &group)
            try await work.bring("c1", &group)
            #expect(work.order == ["a1", "b1"])
            try await work.end("b1")
            try await eventually("c has the place") { work.order == ["a1", "b1", "c1"] }
            // The other place is not theirs either, though nobody else wants it.
            try await work.end("c1")
            #expect(work.order == ["a1", "b1", "c1"])
            for name in ["a1", "a2", "a3"] { try await work.end(name) }
        }
    }

    @Test func whatWaitsIsBoundedForEach() async throws {
        try await with(places: 1, waitingOfOne: 2) { work, group in
            for name in ["a1", "a2", "a3", "a4"] { try await work.bring(name, &group) }
            #expect(work.outcomes == ["a4": .refused])
            try await work.bring("b1", &group)
            #expect(work.places.waitingCount == 3)
            for name in ["a1", "b1", "a2", "a3"] { try await work.end(name) }
        }
    }

    @Test func whoeverHasMostMakesRoomForWhoeverHasLittle() async throws {
        try await with(places: 1, waiting: 3) { work, group in
            for name in ["a1", "a2", "a3", "b1"] { try await work.bring(name, &group) }
            #expect(work.places.waitingCount == 3)
            // Neither who has as many, nor one who would then have.
            try await work.bring("a4", &group)
            try await work.bring("b2", &group)
            #expect(work.outcomes == ["a4": .refused, "b2": .refused])
            try await work.bring("c1", &group)
            #expect(work.outcomes == ["a4": .refused, "b2": .refused, "a3": .refused])
            // All wait with one each: there is nobody to turn away.
            try await work.bring("d1", &group)
            #expect(work.outcomes["d1"] == .refused && work.places.waitingCount == 3)
            for name in ["a1", "b1", "c1", "a2"] { try await work.end(name) }
        }
    }

    @Test func whoeverIsCancelledWaitsNoLonger() async throws {
        try await with(places: 1, waiting: 2) { work, group in
            try await work.bring("a1", &group)
            try await withThrowingTaskGroup(of: Void.self) { others in
                for name in ["b1", "c1"] { try await work.bring(name, &others) }
                others.cancelAll()
                try await others.waitForAll()
                // Cancelled before it came.
                others.addTask { _ = try await work.places.withPlace(of: "d") { Issue.record("it is done") } }
                await #expect(throws: CancellationError.self) { try await others.waitForAll() }
            }
            #expect(work.outcomes == ["b1": .cancelled, "c1": .cancelled])
            #expect(work.places.waitingCount == 0)
            // Their turns are nobody's.
            for name in ["e1", "a2"] { try await work.bring(name, &group) }
            for name in ["a1", "e1", "a2"] { try await work.end(name) }
            #expect(work.order == ["a1", "e1", "a2"])
        }
    }
}
