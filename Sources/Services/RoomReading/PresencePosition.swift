/// What a client knows of who is there, which no database remembers.
///
/// Counters of one worker's run can be compared; a client that comes from another worker, or from before a restart, is
/// told again.
public struct PresencePosition: Sendable, Hashable {
    /// Names the run of the worker that counted.
    public var boot: UInt32
    public var counter: UInt64

    public init(boot: UInt32, counter: UInt64) {
        self.boot = boot
        self.counter = counter
    }

    /// Nobody is there.
    public static let none = PresencePosition(boot: 0, counter: 0)

    func append(to bytes: inout TokenBytes) {
        bytes.append(fixed: boot)
        bytes.append(counter)
    }

    init?(_ input: inout TokenBytes) {
        guard let boot = input.takeFixed(), let counter = input.takePosition() else { return nil }
        self.init(boot: boot, counter: UInt64(counter))
    }
}
