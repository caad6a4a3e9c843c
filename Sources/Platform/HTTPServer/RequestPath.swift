/// A raw request target taken apart: split first, decoded after, so that a `%2F` stays inside its segment.
struct RequestPath: Sendable, Equatable {
    /// Raw segments between the slashes.
    let segments: [String]
    let query: String

    /// - Returns: `nil` for a target no route can have: empty or dot segments, raw or encoded, or no leading slash.
    init?(target: String) {
        let (path, query) = Self.cut(target, at: UInt8(ascii: "?"))
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count > 1 else { return nil }
        var parts = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        // A trailing slash means an empty last parameter, as in `/state/{eventType}/`.
        let last = parts.count - 1
        for (index, part) in parts.enumerated() {
            guard index == last || !part.isEmpty, let decoded = PercentEncoding.decode(part) else { return nil }
            guard !decoded.utf8.elementsEqual(".".utf8), !decoded.utf8.elementsEqual("..".utf8) else { return nil }
        }
        if parts.last?.isEmpty == true, parts.count == 1 { parts = [] }
        segments = parts
        self.query = query
    }

    private static func cut(_ text: String, at mark: UInt8) -> (String, String) {
        guard let index = text.utf8.firstIndex(of: mark) else { return (text, "") }
        return (String(text[..<index]), String(text[text.utf8.index(after: index)...]))
    }
}

/// Percent-encoding as in URLs.
public enum PercentEncoding {
    /// The decoded text; `nil` for a broken escape or bytes that are not UTF-8.
    public static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(hexadecimal), let low = iterator.next().flatMap(hexadecimal)
                else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The text with everything escaped but letters, digits, `-`, `.`, `_` and `~`, and the bytes in `kept`.
    public static func encode(_ text: String, keeping kept: String = "") -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            case _ where kept.utf8.contains(byte): bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
