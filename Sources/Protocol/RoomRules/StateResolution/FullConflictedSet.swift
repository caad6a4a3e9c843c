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
        if source.rules.stateResolution == .v2_1 { result.formUnion(try subgraph(of: conflicted, in: graph)) }
        // Chains of unconflicted events are in every set's chain. They can only take events out of the difference, so
        // they need not be walked when nothing is in it but conflicted events.
        var difference = try authDifference(graph, ofAll: [])
        if !difference.isSubset(of: result) {
            var unconflicted: [EventID] = []
            conflicts.unconflicted.forEach { unconflicted.append($1) }
            try graph.add(unconflicted, from: source)
            difference = try authDifference(graph, ofAll: unconflicted)
        }
        return result.union(difference)
    }

    /// The events that are not in the auth chain of every set; a set's own events count as in its chain, as other servers
    /// have it.
    private func authDifference(
        _ graph: AuthGraph, ofAll unconflicted: [EventID]
    ) throws(StateResolutionError) -> Set<EventID> {
        let full = StateSetMask(count: conflicts.setCount).inverted.words
        let words = full.count
        var masks = [UInt64](repeating: 0, count: graph.events.count * words)
        for events in conflicts.conflicted.values {
            for (id, sets) in events {
                guard let number = graph.numbers[id] else { continue }
                for word in 0..<words { masks[number * words + word] |= sets.words[word] }
            }
        }
        for id in unconflicted {
            guard let number = graph.numbers[id] else { continue }
            for word in 0..<words { masks[number * words + word] = full[word] }
        }
        var difference: Set<EventID> = []
        var budget = AuthGraph.Budget(source: source, maskWords: words)
        for child in graph.childrenFirst() {
            try budget.step()
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
    private func subgraph(
        of conflicted: Set<EventID>, in graph: AuthGraph
    ) throws(StateResolutionError) -> Set<EventID> {
        // Every event of the graph is reached from a conflicted one: only those are its roots.
        var reaches = graph.events.map { conflicted.contains($0.id) }
        var result: Set<EventID> = []
        var budget = AuthGraph.Budget(source: source)
        for number in graph.childrenFirst().reversed() {
            try budget.step()
            if !reaches[number] { reaches[number] = graph.parents[number].contains { reaches[$0] } }
            if reaches[number] { result.insert(graph.events[number].id) }
        }
        return result
    }
}
