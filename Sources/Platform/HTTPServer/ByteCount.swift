/// A number of bytes.
public struct ByteCount: Sendable, Hashable, Comparable {
    public let bytes: Int
    public init(bytes: Int) { self.bytes = bytes }
    public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 10) }
    public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 20) }
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}
