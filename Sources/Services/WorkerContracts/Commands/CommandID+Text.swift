import Identifiers

extension CommandID {
    /// 32 hexadecimal digits, lower case.
    public var hexadecimal: String { Hexadecimal.encode(bytes) }

    /// `nil` unless `text` is 32 hexadecimal digits.
    public init?(hexadecimal text: String) {
        guard text.utf8.count == Self.byteCount * 2 else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text.utf8 {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - 48
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - 87
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        self.init(bytes)
    }

    /// A new ID, by the system's random generator.
    public static func random() -> CommandID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    public static func random(using generator: inout some RandomNumberGenerator) -> CommandID {
        CommandID((0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }
}
