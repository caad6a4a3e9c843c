import Events
import Identifiers
import RoomReading
import Storage

// Times are what servers and bridges say; positions are ours. Both grow together but for the odd event, so the place is
// found by halving the room's positions, and the closest event among those around it. An index of times would cost every
// send; this costs a few short look-ups, however large the room is.

/// Finds a room's events by time.
struct EventTimes: Sendable {
    /// Events looked at at once around the place.
    static let pageMax = 100
    /// The most pages looked at for one that the reader may see.
    static let pagesMax = 10

    let events: EventStore

    /// The event the reader may see that is closest to `time`, not before it (forward) or not after it (backward).
    func closest(to time: Timestamp, _ direction: EventStore.Direction, in view: RoomView) async throws -> Event? {
        // Backward the event at just that time is before the place, forward after it.
        let later = Timestamp(milliseconds: time.milliseconds == .max ? .max : time.milliseconds + 1)
        var edge = try await place(of: direction == .forward ? time : later, in: view)
        for _ in 0..<Self.pagesMax {
            let page = try await events.page(
                of: view.room, after: direction == .forward ? edge : .zero,
                upTo: direction == .forward ? view.position : edge, direction: direction, limit: Self.pageMax,
                rules: view.rules)
            let fitting = page.filter { stored in
                let sent = stored.event.originServerTS.milliseconds
                let fits = direction == .forward ? sent >= time.milliseconds : sent <= time.milliseconds
                return fits && view.isVisible(stored)
            }
            func distance(_ stored: StoredEvent) -> UInt64 {
                let sent = stored.event.originServerTS.milliseconds
                let (late, early) =
                    direction == .forward ? (sent, time.milliseconds) : (time.milliseconds, sent)
                // Never negative, though it may be more than a signed number holds.
                return UInt64(bitPattern: late &- early)
            }
            if let found = fitting.min(by: { distance($0) < distance($1) }) { return found.event }
            guard page.count == Self.pageMax, let last = page.last else { return nil }
            edge = direction == .forward ? last.position : last.position.advanced(by: -1)
        }
        return nil
    }

    /// The last position before the events at or after `time`.
    private func place(of time: Timestamp, in view: RoomView) async throws -> ShardSequence {
        var (low, high) = (ShardSequence.zero.value, view.position.value)
        while low < high {
            let middle = low + (high - low) / 2
            let next = try await events.firstTime(
                in: view.room, after: ShardSequence(middle), upTo: ShardSequence(high))
            if let next, next.time.milliseconds < time.milliseconds {
                low = next.position.value
            } else {
                high = middle
            }
        }
        return ShardSequence(low)
    }
}
