import Synchronization

/// Tells a running load that it is over; unlike cancellation, what is under way goes on to its end.
public final class StopSign: Sendable {
    private let up = Atomic<Bool>(false)

    public init() {}

    public var isUp: Bool { up.load(ordering: .acquiring) }

    public func raise() { up.store(true, ordering: .releasing) }
}
