import CanonicalJSON
import Events

/// Where a property of an event is, as `content.m\.mentions.user_ids` (spec v1.19, appendices, "Dot-separated property
/// paths").
public struct PropertyPath: Sendable {
    private let keys: [String]

    public init(_ text: String) {
        var keys: [[UInt8]] = [[]]
        var isEscaped = false
        for byte in text.utf8 {
            let isSpecial = byte == UInt8(ascii: ".") || byte == UInt8(ascii: "\\")
            if isEscaped {
                // Only dots and backslashes are escaped; before anything else a backslash is itself.
                if !isSpecial { keys[keys.count - 1].append(UInt8(ascii: "\\")) }
                keys[keys.count - 1].append(byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: ".") {
                keys.append([])
            } else {
                keys[keys.count - 1].append(byte)
            }
        }
        if isEscaped { keys[keys.count - 1].append(UInt8(ascii: "\\")) }
        self.keys = keys.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The property of `event`; `nil` when it is not there.
    public func value(in event: Event) -> JSONValue? {
        if keys.count == 1, keys[0].utf8.elementsEqual("room_id".utf8) { return .string(event.room.rawValue) }
        var value: JSONValue? = .object(event.json)
        for key in keys { value = value?[key] }
        return value
    }

    /// Whether it is the text of a message, in which words are looked for.
    var isBody: Bool {
        keys.count == 2 && keys[0].utf8.elementsEqual("content".utf8) && keys[1].utf8.elementsEqual("body".utf8)
    }

    /// Whether it is the event's room.
    var isRoom: Bool { keys.count == 1 && keys[0].utf8.elementsEqual("room_id".utf8) }
}
