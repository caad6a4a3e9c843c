import Metrics
import Synchronization

// A place among the initial syncs is free again as soon as its answer is composed; a client that reads slowly would else
// hold it. What is composed and not yet read is bounded here instead.

/// Counts the bytes of large answers from when they are composed until they are written out.
package final class BytesInFlight: Sendable {
    /// With more on their way, no further large answer is begun.
    ///
    /// Shared bytes do not count.
    package static let bytesMax = 64 << 20

    /// Some bytes on their way, as long as it lives.
    final class Lease: Sendable {
        private let bytes: Int
        private let owner: BytesInFlight

        fileprivate init(bytes: Int, owner: BytesInFlight) {
            self.bytes = bytes
            self.owner = owner
        }

        deinit { owner.add(-bytes) }
    }

    private let bytesMax: Int
    private let count = Atomic<Int>(0)
    private let gauge = Gauge(label: "apus_sync_bytes_in_flight")

    package init(bytesMax: Int = BytesInFlight.bytesMax) { self.bytesMax = bytesMax }

    /// Bytes on their way now.
    package var current: Int { count.load(ordering: .relaxed) }
    var hasRoom: Bool { current < bytesMax }

    func lease(_ bytes: Int) -> Lease {
        add(bytes)
        return Lease(bytes: bytes, owner: self)
    }

    private func add(_ bytes: Int) {
        gauge.record(count.add(bytes, ordering: .relaxed).newValue)
    }
}
