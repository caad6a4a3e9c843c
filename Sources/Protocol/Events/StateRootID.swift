import Identifiers

/// Names a stored state of a room: the shard it was written in and a number counted up in that shard.
public struct StateRootID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// How many bits of ``value`` hold the number.
    public static let numberBits: Int64 = 47

    /// The value of `state_root.root_id`.
    public let value: Int64

    public init(_ value: Int64) { self.value = value }

    /// - Precondition: `number` is in 0..<2^47.
    public init(shard: ShardID, number: Int64) {
        precondition(number >= 0 && number >> Self.numberBits == 0, "a state root's number has 47 bits")
        value = Int64(shard.number) << Self.numberBits | number
    }

    public var shard: ShardID { ShardID(Int16(truncatingIfNeeded: value >> Self.numberBits)) }
    public var number: Int64 { value & (1 << Self.numberBits - 1) }
    public var description: String { String(value) }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
