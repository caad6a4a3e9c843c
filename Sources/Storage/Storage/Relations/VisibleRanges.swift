import Identifiers

/// The stretches of a room's order that a reader may see, as PostgreSQL takes them.
public struct VisibleRanges: Sendable {
    public let ranges: [ClosedRange<ShardSequence>]
    /// Whether nothing comes after the last of them that the reader will not see.
    public let isCurrent: Bool

    /// - Parameter ranges: oldest first, without overlaps.
    public init(_ ranges: [ClosedRange<ShardSequence>], isCurrent: Bool) {
        self.ranges = ranges
        self.isCurrent = isCurrent
    }

    /// The text of an `int8multirange`.
    var text: String {
        "{\(ranges.map { "[\($0.lowerBound.value),\($0.upperBound.value)]" }.joined(separator: ","))}"
    }

    /// Whether nothing after `position` is hidden from the reader.
    func isWhole(after position: ShardSequence) -> Bool { isCurrent && ranges.last?.contains(position) ?? false }
}
