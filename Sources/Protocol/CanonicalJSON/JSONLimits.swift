/// How much JSON a parser accepts.
public struct JSONLimits: Sendable {
    /// The most arrays and objects inside each other; far beyond what clients make, small enough for any thread's stack.
    public static let depthMaxDefault = 512
    /// The longest document, in bytes.
    ///
    /// Request bodies are limited to less before they come here.
    public static let bytesMaxDefault = 64 << 20

    public var depthMax: Int
    public var bytesMax: Int

    /// - Precondition: `depthMax` is at most 1,000 (the tape parser's own limit is 1,024).
    public init(depthMax: Int = depthMaxDefault, bytesMax: Int = bytesMaxDefault) {
        precondition((1...1_000).contains(depthMax) && bytesMax > 0, "JSON limits out of range")
        self.depthMax = depthMax
        self.bytesMax = bytesMax
    }

    public static let standard = JSONLimits()
}
