import Events
import Identifiers

/// Sorts events by how new the power levels are that they were sent under, then by time and ID ("mainline ordering").
struct MainlineOrdering {
    private let source: ResolutionSource
    /// Power levels events already placed, the mainline's own to begin with: the newest is 0.
    private var positions: [EventID: Int] = [:]
    private static let nowhere = Int.max

    /// - Parameter powerLevels: the mainline's newest event, or none: then all events are nowhere on it.
    init(powerLevels: EventID?, source: ResolutionSource) throws(StateResolutionError) {
        self.source = source
        var next = try powerLevels.map { id throws(StateResolutionError) in try source.event(id) }
        while let event = next, positions[event.id] == nil {
            try source.spend()
            positions[event.id] = positions.count
            next = try source.authEvent(.powerLevels, of: event)
        }
    }

    mutating func sorted(_ ids: some Sequence<EventID>) throws(StateResolutionError) -> [EventID] {
        var ranked: [(position: Int, time: Timestamp, id: EventID)] = []
        for event in try source.events(ids) {
            try source.spend()
            ranked.append((try position(of: event), event.originServerTS, event.id))
        }
        ranked.sort { left, right in
            if left.position != right.position { return left.position > right.position }
            if left.time != right.time { return left.time < right.time }
            return left.id < right.id
        }
        return ranked.map(\.id)
    }

    /// Each power levels event is walked over once: what was learned is kept for the events that share its chain.
    private mutating func position(of event: Event) throws(StateResolutionError) -> Int {
        var path: [EventID] = []
        var position = Self.nowhere
        var next = try source.authEvent(.powerLevels, of: event)
        while let levels = next {
            if let known = positions[levels.id] {
                position = known
                break
            }
            // A preliminary answer, which also ends a walk in a circle of forged IDs.
            positions[levels.id] = Self.nowhere
            path.append(levels.id)
            next = try source.authEvent(.powerLevels, of: levels)
        }
        for id in path { positions[id] = position }
        return position
    }
}
