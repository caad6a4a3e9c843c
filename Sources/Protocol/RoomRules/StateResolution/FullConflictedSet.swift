import Events
import Identifiers

/// The events a resolution judges anew: the conflicted ones, those some state sets' auth chains have and others not, and in
/// v2.1 those on the way from one conflicted event to another.
struct FullConflictedSet {
    let source: ResolutionSource
    let conflicts: ConflictedState

    func events() throws(StateResolutionError) -> Set<EventID> {
        let conflicted = conflicts.events
        var graph = AuthGraph()
        try graph.add(conflicted.sorted(), from: source)
        var result = conflicted
        if source.rules.stateResolution == .v2_1 { result.formUnion(subgraph(of: conflicted, in: graph)) }
        // Chains of unconflicted events are in every set's chain. They can only take events out of the difference, so
        // they need not be walked when nothing is in it but conflicted events.
        var difference = authDifference(graph, ofAll: [])
        if !difference.isSubset(of: result) {
            try graph.add(conflicts.unconflicted.values, from: source)
            difference = authDifference(graph, ofAll: conflicts.unconflicted.values)
        }
        return result.union(difference)
    }

    /// The events that are not in the auth chain of every set; a set's own events count as in its chain.
    private func authDifference(
        _ graph: AuthGraph, ofAll unconflicted: some Sequence<EventID>
    ) -> Set<EventID> {
        let words = (conflicts.setCount + 63) / 64
        var masks = [UInt64](repeating: 0, count: graph.events.count * words)
        let full = (0..<words).map { word in
            let bits = min(64, conflicts.setCount - word * 64)
            return bits == 64 ? UInt64.max : (UInt64(1) << UInt64(bits)) - 1
        }
        for events in conflicts.conflicted.values {
            for (id, sets) in events {
                guard let number = graph.numbers[id] else { continue }
                for set in sets { masks[number * words + set / 64] |= 1 << UInt64(set % 64) }
            }
        }
        for id in unconflicted {
            guard let number = graph.numbers[id] else { continue }
            for word in 0..<words { masks[number * words + word] = full[word] }
        }
        var difference: Set<EventID> = []
        for child in graph.childrenFirst() {
            var isEverywhere = true
            for word in 0..<words {
                let mask = masks[child * words + word]
                if mask != full[word] { isEverywhere = false }
                for parent in graph.parents[child] { masks[parent * words + word] |= mask }
            }
            if !isEverywhere { difference.insert(graph.events[child].id) }
        }
        return difference
    }

    /// The conflicted state subgraph: reached from a conflicted event, and reaching one.
    private func subgraph(of conflicted: Set<EventID>, in graph: AuthGraph) -> Set<EventID> {
        // Every event of the graph is reached from a conflicted one: only those are its roots.
        var reaches = graph.events.map { conflicted.contains($0.id) }
        var result: Set<EventID> = []
        for number in graph.childrenFirst().reversed() {
            if !reaches[number] { reaches[number] = graph.parents[number].contains { reaches[$0] } }
            if reaches[number] { result.insert(graph.events[number].id) }
        }
        return result
    }
}
