import Events
import Identifiers

/// Sorts events so that auth events come first and, among those free to come, the sender with most power, then the earlier
/// event, then the smaller ID ("reverse topological power ordering").
struct PowerOrdering {
    private struct Rank: Comparable {
        let level: Int64
        let time: Timestamp
        let id: EventID
        let number: Int

        static func == (left: Rank, right: Rank) -> Bool { left.number == right.number }
        static func < (left: Rank, right: Rank) -> Bool {
            if left.level != right.level { return left.level > right.level }
            if left.time != right.time { return left.time < right.time }
            return left.id < right.id
        }
    }

    let source: ResolutionSource

    func sorted(_ ids: Set<EventID>) throws(StateResolutionError) -> [EventID] {
        let events = try source.events(ids)
        let numbers = Dictionary(uniqueKeysWithValues: events.enumerated().map { ($1.id, $0) })
        var waitsFor = [Int](repeating: 0, count: events.count)
        var children = [[Int]](repeating: [], count: events.count)
        for (number, event) in events.enumerated() {
            for parent in Set(event.authEvents).compactMap({ numbers[$0] }) {
                children[parent].append(number)
                waitsFor[number] += 1
            }
        }
        var free = Heap<Rank>()
        for number in events.indices where waitsFor[number] == 0 { free.insert(try rank(events[number], number)) }
        var order: [EventID] = []
        while let next = free.popMin() {
            try source.spend()
            order.append(next.id)
            for child in children[next.number] {
                waitsFor[child] -= 1
                if waitsFor[child] == 0 { free.insert(try rank(events[child], child)) }
            }
        }
        return order
    }

    /// The sender's level comes from the event's own auth events, which every server has alike.
    private func rank(_ event: Event, _ number: Int) throws(StateResolutionError) -> Rank {
        let levels = PowerLevels(
            event: try source.authEvent(.powerLevels, of: event), create: try source.create(for: event),
            rules: source.rules)
        return Rank(level: levels.level(of: event.sender), time: event.originServerTS, id: event.id, number: number)
    }
}
