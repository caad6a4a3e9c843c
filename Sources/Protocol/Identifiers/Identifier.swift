/// A Matrix identifier: text that compares, hashes and sorts by its UTF-8 bytes.
///
/// Swift's `String ==` merges canonically equivalent texts ("é" and "e\u{301}"), which would let one user pass for
/// another; identifiers are therefore never compared as `String`. A value that exists is valid.
public protocol Identifier: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The longest allowed identifier, in bytes of UTF-8 (spec v1.19, appendices, "Common Identifier Format").
    static var bytesMax: Int { get }

    /// The identifier's text, as on the wire.
    var text: ByteOrderedText { get }

    /// Parses `text`; `nil` when it breaks the identifier's grammar.
    init?(_ text: String)
}

extension Identifier {
    public static var bytesMax: Int { 255 }

    /// The identifier as a plain string, for the wire, SQL parameters and logs; never for comparison.
    public var rawValue: String { text.string }
    public var description: String { text.string }

    public static func == (left: Self, right: Self) -> Bool { left.text == right.text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    public func hash(into hasher: inout Hasher) { text.hash(into: &hasher) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let string = try container.decode(String.self)
        guard let parsed = Self(string) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a valid \(Self.self)")
        }
        self = parsed
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text.string)
    }
}
