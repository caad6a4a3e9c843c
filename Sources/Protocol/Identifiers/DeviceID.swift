/// A user's device: opaque, at most 255 bytes, no NUL (it is stored as text).
public struct DeviceID: Identifier {
    public let text: ByteOrderedText

    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.bytesMax, !text.utf8.contains(0) else { return nil }
        self.text = ByteOrderedText(text)
    }
}
