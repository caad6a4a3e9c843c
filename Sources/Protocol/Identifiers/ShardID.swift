/// One of the cluster's shards: rooms and users are spread over them, one room-writer owns each at a time.
public struct ShardID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// How many shards a new cluster has.
    public static let countDefault = 64

    public let number: Int16

    /// - Precondition: `number` is not negative.
    public init(_ number: Int16) {
        precondition(number >= 0, "shard numbers start at 0")
        self.number = number
    }

    public var description: String { String(number) }
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    /// The shard a new room or user with this identifier is put in; afterwards its row says where it is (FNV-1a).
    public static func placement(of identifier: some Identifier, count: Int) -> ShardID {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in identifier.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        // FNV's low bits are weak for short inputs: fold the high half in.
        return ShardID(Int16((hash ^ (hash >> 32)) % UInt64(count)))
    }
}

/// A position in one shard's order.
///
/// Committed positions are contiguous from 1.
public struct ShardSequence: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public var description: String { String(value) }
    public static let zero = ShardSequence(0)
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    public func advanced(by count: Int) -> ShardSequence { ShardSequence(value + Int64(count)) }
}
