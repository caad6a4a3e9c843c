import Events
import Identifiers
import RoomReading
import Storage

/// The recent part of one room in memory: everything in it between two positions, without a gap.
struct RoomRun: Sendable {
    /// The most events of a run.
    static let eventsMax = 128
    /// The most changes of state of a run.
    static let changesMax = 256
    /// The most other state events kept beside it.
    static let stateEventsMax = 256

    /// Exclusive.
    var start: ShardSequence
    /// Inclusive; nothing is missing up to here.
    var end: ShardSequence
    /// Oldest first.
    var events: [PreparedEvent]
    /// Changes of current state, oldest first.
    var changes: [StateHistoryStep]
    /// The root of current state at ``start``; `nil`: the room had none.
    var rootAtStart: StateRootID?
    /// Events of the room's state from before, as they look until the next redaction.
    var stateEvents: [EventID: PreparedEvent] = [:]
    /// Tells this run from the one that replaced it.
    var number: UInt64 = 0

    var byteCount: Int {
        events.reduce(1_024) { $0 + $1.byteCount } + changes.count * 256
            + stateEvents.values.reduce(0) { $0 + $1.byteCount }
    }

    /// The root of current state at a position in the run.
    func root(at position: ShardSequence) -> StateRootID? {
        changes.last { $0.position <= position }.map(\.root) ?? rootAtStart
    }

    /// Drops the oldest so that the bounds hold.
    mutating func trim() {
        var start = start
        if events.count > Self.eventsMax {
            start = max(start, events[events.count - Self.eventsMax - 1].stored.position)
        }
        if changes.count > Self.changesMax {
            start = max(start, changes[changes.count - Self.changesMax - 1].position)
        }
        if stateEvents.count > Self.stateEventsMax { stateEvents = [:] }
        guard start > self.start else { return }
        rootAtStart = root(at: start)
        self.start = start
        events.removeAll { $0.stored.position <= start }
        changes.removeAll { $0.position <= start }
    }
}
