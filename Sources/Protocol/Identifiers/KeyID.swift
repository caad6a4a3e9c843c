/// A key of a device by its algorithm and what the device calls it, as `signed_curve25519:AAAAHg` (spec v1.19, "Key
/// algorithms").
public struct KeyID: Identifier {
    public let text: ByteOrderedText
    /// What is before the first colon.
    public let algorithm: String

    public init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, !text.utf8.contains(0),
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon > text.utf8.startIndex,
            text.utf8.index(after: colon) < text.utf8.endIndex
        else { return nil }
        self.text = ByteOrderedText(text)
        algorithm = String(text[..<colon])
    }
}
