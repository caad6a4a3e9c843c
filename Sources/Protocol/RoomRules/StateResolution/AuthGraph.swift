import Events
import Identifiers

// Events are numbered as they are found, so that what is known of each is an array element and sets of sets are bits.
// One pass from children to parents tells which state sets have an event in their auth chains, in time linear in the
// graph; walking every set's chain for itself would be that times the number of sets.

/// The auth chains of some events, the events included.
struct AuthGraph {
    private(set) var events: [Event] = []
    /// The numbers of each event's auth events.
    private(set) var parents: [[Int]] = []
    private(set) var numbers: [EventID: Int] = [:]

    /// Looks at the resolution's budget once for many small steps.
    struct Budget {
        /// Words of work between two looks: well under a millisecond.
        static let wordsPerSpend = 4_096

        private let source: ResolutionSource
        private let wordsPerStep: Int
        private var spent = 0

        /// - Parameter maskWords: what a step costs beside looking at an event; thousands of state sets make large masks.
        init(source: ResolutionSource, maskWords: Int = 0) {
            self.source = source
            wordsPerStep = 16 + maskWords
        }

        mutating func step() throws(StateResolutionError) {
            spent += wordsPerStep
            guard spent >= Self.wordsPerSpend else { return }
            spent = 0
            try source.spend()
        }
    }

    /// Adds `roots` and all that their auth events lead to.
    mutating func add(_ roots: some Sequence<EventID>, from source: ResolutionSource) throws(StateResolutionError) {
        var missing: Set<EventID> = []
        var pending: [Int] = []
        for id in roots { _ = number(of: id, source, &pending, &missing) }
        var budget = Budget(source: source)
        while let next = pending.popLast() {
            try budget.step()
            var found: [Int] = []
            for id in events[next].authEvents {
                if let parent = number(of: id, source, &pending, &missing) { found.append(parent) }
            }
            parents[next] = found
        }
        guard missing.isEmpty else { throw .missing(missing.sorted()) }
    }

    private mutating func number(
        of id: EventID, _ source: ResolutionSource, _ pending: inout [Int], _ missing: inout Set<EventID>
    ) -> Int? {
        if let known = numbers[id] { return known }
        guard !missing.contains(id) else { return nil }
        guard let event = source.findEvent(id) else {
            missing.insert(id)
            return nil
        }
        let number = events.count
        numbers[id] = number
        events.append(event)
        parents.append([])
        pending.append(number)
        return number
    }

    /// All numbers, each before its parents.
    ///
    /// Events in a circle, which only forged IDs of old versions make, are left out.
    func childrenFirst() -> [Int] {
        var children = [Int](repeating: 0, count: events.count)
        for list in parents { for parent in list { children[parent] += 1 } }
        var order = children.indices.filter { children[$0] == 0 }
        var next = 0
        while next < order.count {
            for parent in parents[order[next]] {
                children[parent] -= 1
                if children[parent] == 0 { order.append(parent) }
            }
            next += 1
        }
        return order
    }
}
