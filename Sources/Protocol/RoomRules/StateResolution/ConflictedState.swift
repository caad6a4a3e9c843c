import Events
import Identifiers

/// State sets divided into what all agree on and what not.
struct ConflictedState {
    /// Keys that every set has with the same event.
    private(set) var unconflicted: [StateMapKey: EventID] = [:]
    /// For each other key the events it has, and the sets that have them, by the sets' numbers.
    private(set) var conflicted: [StateMapKey: [EventID: [Int]]] = [:]
    let setCount: Int

    init(_ sets: [[StateMapKey: EventID]]) {
        setCount = sets.count
        guard let first = sets.first else { return }
        for (key, id) in first where sets.dropFirst().allSatisfy({ $0[key] == id }) { unconflicted[key] = id }
        for (number, set) in sets.enumerated() where set.count != unconflicted.count {
            for (key, id) in set where unconflicted[key] == nil {
                conflicted[key, default: [:]][id, default: []].append(number)
            }
        }
    }

    var isEmpty: Bool { conflicted.isEmpty }

    /// The conflicted state set.
    var events: Set<EventID> { Set(conflicted.values.lazy.flatMap(\.keys)) }
}
