/// The kinds of worker there are, as the registry, the router and the operator name them.
public enum WorkerKind: String, Sendable, CaseIterable {
    case client
    case sync
    case initialSync = "initial-sync"
    case roomWriter = "room-writer"
    case housekeeper
    case media
    case push
}

/// One run of one worker: its name and a nonce of this run, `sync-2:9f3c…`.
///
/// A worker that starts again is another worker: what the former owned is not its own.
public struct WorkerID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) { self.text = text }

    /// A new run of the worker called `name`.
    public init(name: String) {
        text = "\(name):\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    }

    public var name: String { String(text.prefix { $0 != ":" }) }
    public var description: String { text }
    public static func < (left: WorkerID, right: WorkerID) -> Bool { left.text < right.text }
}

/// Counts the owners of a shard; what an earlier one sends is refused.
public struct Epoch: Sendable, Hashable, Comparable {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public static func < (left: Epoch, right: Epoch) -> Bool { left.value < right.value }
}
