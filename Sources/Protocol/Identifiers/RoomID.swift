/// A room: `!opaque:server`, or from room version 12 `!` and the create event's hash (spec v1.19, "Room IDs").
public struct RoomID: Identifier {
    public let text: ByteOrderedText

    public init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, text.utf8.count > 1, text.utf8.first == UInt8(ascii: "!"),
            !text.utf8.contains(0)
        else { return nil }
        self.text = ByteOrderedText(text)
    }

    /// The server part of a room ID before version 12; `nil` for an ID without a domain.
    public var server: ServerName? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        return ServerName(String(text.string[text.utf8.index(after: colon)...]))
    }
}
