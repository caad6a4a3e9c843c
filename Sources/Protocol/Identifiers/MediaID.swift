/// Names a file on the server it comes from: letters, digits, `_` and `-` (spec v1.19, client-server API, "Matrix Content
/// (mxc://) URIs").
public struct MediaID: Identifier {
    public let text: ByteOrderedText

    public init?(_ text: String) {
        let bytes = text.utf8
        guard (1...Self.bytesMax).contains(bytes.count),
            bytes.allSatisfy({
                $0.isASCIILetter || $0.isDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            })
        else { return nil }
        self.text = ByteOrderedText(text)
    }
}
