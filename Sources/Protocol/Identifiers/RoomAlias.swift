/// A room alias: `#localpart:server` (spec v1.19, appendices, "Room Aliases").
public struct RoomAlias: Identifier {
    public let text: ByteOrderedText
    public let server: ServerName

    public init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, text.utf8.first == UInt8(ascii: "#"), !text.utf8.contains(0),
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            text.utf8.distance(from: text.utf8.startIndex, to: colon) > 1,
            let server = ServerName(String(text[text.utf8.index(after: colon)...]))
        else { return nil }
        self.text = ByteOrderedText(text)
        self.server = server
    }
}
