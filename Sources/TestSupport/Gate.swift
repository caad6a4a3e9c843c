import Synchronization

/// Keeps requests until it is opened.
public final class Gate: Sendable {
    private let isOpen = Mutex(false)
    private let arrived = Mutex(0)

    public init() {}

    /// How many have come, let through or not.
    public var arrivals: Int { arrived.withLock { $0 } }
    public func open() { isOpen.withLock { $0 = true } }

    /// Returns once the gate is open.
    public func pass() async throws {
        arrived.withLock { $0 += 1 }
        while !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
    }
}
