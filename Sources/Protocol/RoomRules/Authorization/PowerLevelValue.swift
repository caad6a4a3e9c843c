import CanonicalJSON

/// One power level as JSON: an integer, and in old room versions a string or a fraction of one.
enum PowerLevelValue {
    /// `nil` for what the room version does not take as a level.
    static func parse(_ json: JSONValue, rules: RoomVersionRules) -> Int64? {
        switch json {
        case .int(let value): value
        case .string(let text) where !rules.powerLevelsAreIntegers: integer(text)
        case .double(let value) where rules.powerLevelsMayBeFloats: integer(value)
        default: nil
        }
    }

    // Old versions bound neither floats nor strings, and other servers compare them as large as they are. What is beyond
    // Int64 becomes its end: it must stay above (or below) every level that people use, and not fall back to a default.

    /// The float cut off at the point.
    private static func integer(_ value: Double) -> Int64? {
        guard value.isFinite else { return nil }
        return Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
    }

    /// Digits with an optional sign, in optional white space (room version 1, "values as strings").
    private static func integer(_ text: String) -> Int64? {
        var bytes = text.utf8[...]
        while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        let digits = bytes.first == UInt8(ascii: "+") || bytes.first == UInt8(ascii: "-") ? bytes.dropFirst() : bytes
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int64(String(Substring(bytes))) ?? (bytes.first == UInt8(ascii: "-") ? .min : .max)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
