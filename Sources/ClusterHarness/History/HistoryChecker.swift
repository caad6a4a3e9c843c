import Identifiers

// After a run the histories of all clients are held against what the database has. Nothing here talks to a server, so
// the checker itself is tested on histories made up to break each promise.

/// Looks for broken promises in a recorded history.
public struct HistoryChecker: Sendable {
    /// The most violations of one invariant that are told; a broken cluster breaks a promise thousands of times.
    public static let violationsToldMax = 20

    let record: HistoryRecord
    let stored: StoredCluster

    public init(record: HistoryRecord, stored: StoredCluster) {
        self.record = record
        self.stored = stored
    }

    /// Everything that is wrong, at most ``violationsToldMax`` of each invariant.
    public func violations() -> [Violation] {
        let all = [
            checkDelivery(), checkOnce(), checkOrder(), checkLog(), checkEvents(), checkTransactions(), checkRecovery(),
        ]
        return all.flatMap { $0.prefix(Self.violationsToldMax) }
    }

    /// How many acknowledged events are not stored or missing in a stream, and how many came twice.
    public var lostAndDoubled: (lost: Int, doubled: Int) { (checkDelivery().count, checkOnce().count) }
}
