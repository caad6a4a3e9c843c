import Leases
import Postgres

/// What the owner of a shard may conclude from the end of a batch, and when it may send the next; pure.
///
/// The failure it prevents: taking silence for a rollback. After any end but the server's word the shard is in doubt, and
/// nothing is sent before a raised epoch has fenced whatever may still be on its way.
package struct AppendTurn: Sendable {
    /// The error `advance_head` raises.
    package static let fencedState = "AP001"

    package private(set) var epoch: Epoch
    package private(set) var isInDoubt = false
    private var isUnderWay = false

    package init(epoch: Epoch) { self.epoch = epoch }

    /// Whether a batch may be sent: not while another is under way or the shard is in doubt.
    package var maySend: Bool { !isUnderWay && !isInDoubt }

    package mutating func begin() {
        precondition(maySend, "one batch at a time is in flight for a shard, and none while it is in doubt")
        isUnderWay = true
    }

    package mutating func end(_ work: GroupCommit, with outcome: BatchOutcome) -> AppendOutcome {
        isUnderWay = false
        switch outcome {
        case .committed: return .committed(head: work.head)
        case .failed(let error, _): return error.sqlState == Self.fencedState ? .fenced : .refused(error)
        case .inDoubt:
            isInDoubt = true
            return .inDoubt
        }
    }

    /// The old transaction is over, and only what carries this epoch is let in.
    package mutating func recovered(at epoch: Epoch) {
        self.epoch = epoch
        isInDoubt = false
    }
}
