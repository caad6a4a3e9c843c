import Identifiers
import Synchronization

/// Gathers what all clients of a test do and see.
public final class HistoryRecorder: Sendable {
    private struct State {
        var record = HistoryRecord()
        /// The streams that are to bring a room's events, as in the record.
        var entitled: [RoomID: Set<StreamName>] = [:]
        /// Acknowledged events that a stream has not brought yet, and what streams brought before the sender heard.
        var outstanding: [EventID: Set<StreamName>] = [:]
        var early: [EventID: Set<StreamName>] = [:]
        var acknowledged: Set<EventID> = []
    }

    private let state = Mutex(State())

    public init() {}

    public var record: HistoryRecord { state.withLock { $0.record } }

    /// How many deliveries of acknowledged events are still to come.
    public var outstandingCount: Int { state.withLock { $0.outstanding.values.reduce(0) { $0 + $1.count } } }

    /// How many failed attempts there are.
    public var failureCount: Int { state.withLock { $0.record.attempts.count { $0.isFailure } } }

    public func entitle(_ stream: StreamName, to rooms: Set<RoomID>) {
        state.withLock { state in
            state.record.entitlements[stream, default: []].formUnion(rooms)
            for room in rooms { state.entitled[room, default: []].insert(stream) }
        }
    }

    public func noteFault(at instant: ContinuousClock.Instant = .now) {
        state.withLock { $0.record.lastFaultAt = instant }
    }

    public func note(_ sightings: some Sequence<OwnerSighting> & Sendable) {
        state.withLock { $0.record.sightings.formUnion(sightings) }
    }

    func record(_ attempt: Attempt) {
        state.withLock { state in
            state.record.attempts.append(attempt)
            guard case .send(let room, _) = attempt.operation, case .accepted(let event?) = attempt.outcome,
                state.acknowledged.insert(event).inserted
            else { return }
            let early = state.early.removeValue(forKey: event) ?? []
            let missing = state.entitled[room, default: []].subtracting(early)
            if !missing.isEmpty { state.outstanding[event] = missing }
        }
    }

    func record(_ step: SyncStep) {
        state.withLock { state in
            state.record.steps.append(step)
            for (_, event) in step.events {
                if state.acknowledged.contains(event) {
                    state.outstanding[event]?.remove(step.stream)
                    if state.outstanding[event]?.isEmpty ?? false { state.outstanding[event] = nil }
                } else {
                    state.early[event, default: []].insert(step.stream)
                }
            }
        }
    }
}
