/// An event: `$opaque:server` in room versions 1 and 2, `$` and the reference hash after (spec v1.19, "Event IDs").
public struct EventID: Identifier {
    public let text: ByteOrderedText

    public init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, text.utf8.count > 1, text.utf8.first == UInt8(ascii: "$"),
            !text.utf8.contains(0)
        else { return nil }
        self.text = ByteOrderedText(text)
    }
}
