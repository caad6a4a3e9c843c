// Printing. One format for all: compact, members by key bytes, strings with the shortest escapes, integers plain. For
// values canonical JSON allows, that is canonical JSON (spec v1.19, appendices, "Canonical JSON").

extension JSONValue {
    /// The value as compact JSON with sorted keys; floats are printed with the fewest digits that read back the same.
    public func bytes() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendJSON(self)
        return bytes
    }

    /// The value as canonical JSON.
    ///
    /// - Throws: ``JSONError/floatNotAllowed`` and ``JSONError/integerOutOfRange``.
    public func canonicalBytes() throws(JSONError) -> [UInt8] {
        try requireCanonical()
        return bytes()
    }

    /// Refuses what canonical JSON has no form for.
    public func requireCanonical() throws(JSONError) {
        switch self {
        case .null, .bool, .string: break
        case .int(let value):
            guard value.magnitude <= JSONValue.canonicalIntegerMax.magnitude else { throw .integerOutOfRange }
        case .double: throw .floatNotAllowed
        case .array(let elements): for element in elements { try element.requireCanonical() }
        case .object(let object): try object.requireCanonical()
        }
    }

    /// 2^53 - 1, the largest integer canonical JSON allows; its negative is the smallest.
    public static let canonicalIntegerMax: Int64 = (1 << 53) - 1

    /// The value with every float that is an integer in canonical JSON's range (`1e10`, `-0.0`) made that integer.
    ///
    /// The spec's examples convert so. Events are not converted: a float in one is refused.
    public func makingIntegralFloatsIntegers() -> JSONValue {
        switch self {
        case .double(let value):
            guard let integer = Int64(exactly: value), integer.magnitude <= JSONValue.canonicalIntegerMax.magnitude
            else { return self }
            return .int(integer)
        case .array(let elements): return .array(elements.map { $0.makingIntegralFloatsIntegers() })
        case .object(let object):
            return .object(
                JSONObject(
                    sortedMembers: object.members.map {
                        JSONObject.Member(key: $0.key, value: $0.value.makingIntegralFloatsIntegers())
                    }))
        default: return self
        }
    }
}

extension JSONObject {
    /// The object as compact JSON with sorted keys.
    public func bytes() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendJSON(self)
        return bytes
    }

    /// The object as canonical JSON.
    ///
    /// - Throws: ``JSONError/floatNotAllowed`` and ``JSONError/integerOutOfRange``.
    public func canonicalBytes() throws(JSONError) -> [UInt8] {
        try requireCanonical()
        return bytes()
    }

    /// Refuses what canonical JSON has no form for.
    public func requireCanonical() throws(JSONError) {
        for member in members { try member.value.requireCanonical() }
    }
}

extension [UInt8] {
    mutating func appendJSON(_ value: JSONValue) {
        switch value {
        case .null: append(contentsOf: "null".utf8)
        case .bool(let value): append(contentsOf: (value ? "true" : "false").utf8)
        case .int(let value): append(contentsOf: value.description.utf8)
        // JSON has no infinities; a parser cannot have made one.
        case .double(let value): append(contentsOf: (value.isFinite ? value.description : "null").utf8)
        case .string(let value): appendJSONString(value)
        case .array(let elements):
            append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                appendJSON(element)
            }
            append(UInt8(ascii: "]"))
        case .object(let object): appendJSON(object)
        }
    }

    mutating func appendJSON(_ object: JSONObject) {
        append(UInt8(ascii: "{"))
        for (index, member) in object.members.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            appendJSONString(member.key)
            append(UInt8(ascii: ":"))
            appendJSON(member.value)
        }
        append(UInt8(ascii: "}"))
    }

    mutating func appendJSONString(_ string: String) {
        append(UInt8(ascii: "\""))
        var copy = string
        copy.withUTF8 { utf8 in
            var unwritten = 0
            for index in utf8.indices where utf8[index].needsJSONEscape {
                append(contentsOf: utf8[unwritten..<index])
                appendJSONEscape(utf8[index])
                unwritten = index + 1
            }
            append(contentsOf: utf8[unwritten...])
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func appendJSONEscape(_ byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0A: append(UInt8(ascii: "n"))
        case 0x0C: append(UInt8(ascii: "f"))
        case 0x0D: append(UInt8(ascii: "r"))
        default:
            let digits = Array("0123456789abcdef".utf8)
            append(contentsOf: "u00".utf8)
            append(digits[Int(byte >> 4)])
            append(digits[Int(byte & 15)])
        }
    }
}

extension UInt8 {
    fileprivate var needsJSONEscape: Bool { self < 0x20 || self == UInt8(ascii: "\"") || self == UInt8(ascii: "\\") }
}
