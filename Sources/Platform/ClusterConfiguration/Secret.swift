/// A secret: it never shows in a log, a crash or a description.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The secret itself, for the one place that needs it.
    public let exposed: String

    public init(_ exposed: String) { self.exposed = exposed }

    public var description: String { "***" }
    public var debugDescription: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
