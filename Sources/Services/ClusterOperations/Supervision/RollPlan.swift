import Leases

/// A place for a worker, as `sync-2`: who fills it changes, the place stays.
package struct WorkerSlot: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let kind: WorkerKind
    package let number: Int

    package init(kind: WorkerKind, number: Int) {
        self.kind = kind
        self.number = number
    }

    package var description: String { "\(kind.shortName)-\(number)" }

    package static func < (left: WorkerSlot, right: WorkerSlot) -> Bool {
        (left.kind.rollOrder, left.number) < (right.kind.rollOrder, right.number)
    }
}

/// What a roll does, in order: pure.
///
/// One worker at a time, and never fewer than before: the new one serves before the old one is told to drain.
package struct RollPlan: Sendable, Equatable {
    package enum Step: Sendable, Equatable {
        /// Start a second worker in the slot.
        case start(WorkerSlot)
        /// Wait until the newest in the slot is ready and the router sends to it.
        case awaitServing(WorkerSlot)
        /// Tell the older ones in the slot to drain, and wait until they ended with success.
        case drainOld(WorkerSlot)
    }

    package let steps: [Step]

    /// - Parameter kind: `nil` for every kind.
    package init(slots: [WorkerSlot], kind: WorkerKind?) {
        steps = slots.filter { kind == nil || $0.kind == kind }.sorted()
            .flatMap { [.start($0), .awaitServing($0), .drainOld($0)] }
    }
}

/// What a change of numbers does: pure.
package struct ScalePlan: Sendable, Equatable {
    package let start: [WorkerSlot]
    /// The highest numbers go.
    package let drain: [WorkerSlot]

    package init(from slots: [WorkerSlot], to counts: WorkerCounts) {
        var start: [WorkerSlot] = []
        var drain: [WorkerSlot] = []
        for kind in WorkerKind.allCases {
            let present = slots.filter { $0.kind == kind }.sorted()
            let wanted = counts[kind]
            drain += present.dropFirst(wanted)
            let free = (1...).lazy.map { WorkerSlot(kind: kind, number: $0) }.filter { !present.contains($0) }
            start += free.prefix(max(0, wanted - present.count))
        }
        self.start = start.sorted()
        self.drain = drain.sorted()
    }
}

extension WorkerKind {
    /// Writers first: the others then meet the new ones' protocol as the old ones did.
    var rollOrder: Int {
        switch self {
        case .roomWriter: 0
        case .sync: 1
        case .initialSync: 2
        case .client: 3
        case .media: 4
        case .push: 5
        case .housekeeper: 6
        }
    }
}
