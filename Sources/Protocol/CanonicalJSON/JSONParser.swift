import CSimdjson

// Parsing is done by simdjson, which writes a flat tape; this file walks the tape into `JSONValue` with an explicit
// stack, so that nesting costs heap and not the thread's stack.
//
// The tape: a word an element, type character in the top byte. Numbers take a second word. A string's payload is an
// offset into the string buffer (32-bit length, then the bytes). Keys are strings before their values. Duplicate keys
// survive simdjson, and are refused here: two servers that keep different ones would disagree about an event's hash.

extension JSONValue {
    /// Parses one JSON value that fills `bytes`, apart from white space.
    ///
    /// Integers beyond Int64 become `double`. Members come out sorted by key bytes.
    /// - Throws: every ``JSONError`` but the two of canonical JSON.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { buffer in
            parsed(buffer, limits: limits)
        }.get()
    }

    /// Parses likewise, from any bytes; without a copy when they are contiguous.
    public static func parse(_ bytes: some Collection<UInt8>, limits: JSONLimits = .standard) throws(JSONError)
        -> JSONValue
    {
        if let result = bytes.withContiguousStorageIfAvailable({ parsed($0, limits: limits) }) {
            return try result.get()
        }
        return try parse(Array(bytes), limits: limits)
    }

    private static func parsed(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits
    ) -> Result<JSONValue, JSONError> {
        guard bytes.count <= limits.bytesMax else { return .failure(.tooLarge) }
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return .failure(.malformed("no JSON found")) }
        var document = apus_json_document()
        var message: UnsafePointer<CChar>?
        let outcome = apus_json_parse(start, bytes.count, &document, &message)
        defer { apus_json_done() }
        switch outcome {
        case APUS_JSON_OK:
            var walk = TapeWalk(tape: document.tape, strings: document.strings, depthMax: limits.depthMax)
            return Result { () throws(JSONError) in try walk.run() }
        case APUS_JSON_TOO_DEEP: return .failure(.tooDeep)
        case APUS_JSON_TOO_LARGE: return .failure(.tooLarge)
        default: return .failure(.malformed(message.map { String(cString: $0) } ?? "malformed"))
        }
    }
}

extension JSONObject {
    /// Parses a JSON object.
    ///
    /// - Throws: as `JSONValue.parse`, and ``JSONError/malformed(_:)`` for any other kind of value.
    public static func parse(_ bytes: some Collection<UInt8>, limits: JSONLimits = .standard) throws(JSONError)
        -> JSONObject
    {
        guard case .object(let object) = try JSONValue.parse(bytes, limits: limits) else {
            throw .malformed("not an object")
        }
        return object
    }
}

/// Turns one tape into a value.
private struct TapeWalk {
    private enum Container {
        case array([JSONValue])
        case object([JSONObject.Member], pendingKey: String?)
    }

    let tape: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>
    let depthMax: Int
    private var open: [Container] = []
    // The tape's first word is the root's; the value starts after it.
    private var index = 1

    init(tape: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>, depthMax: Int) {
        self.tape = tape
        self.strings = strings
        self.depthMax = depthMax
    }

    mutating func run() throws(JSONError) -> JSONValue {
        while true {
            guard let value = try step() else { continue }
            guard !open.isEmpty else { return value }
            add(value)
        }
    }

    /// Reads one element; `nil` when it only opened a container or was a key.
    private mutating func step() throws(JSONError) -> JSONValue? {
        let word = tape[index]
        index += 1
        switch UInt8(truncatingIfNeeded: word >> 56) {
        case UInt8(ascii: "\""):
            let text = string(at: word)
            guard takeAsKey(text) else { return .string(text) }
            return nil
        case UInt8(ascii: "{"):
            guard open.count < depthMax else { throw .tooDeep }
            open.append(.object([], pendingKey: nil))
            return nil
        case UInt8(ascii: "["):
            guard open.count < depthMax else { throw .tooDeep }
            open.append(.array([]))
            return nil
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            return try close()
        case UInt8(ascii: "l"):
            return .int(Int64(bitPattern: number()))
        case UInt8(ascii: "u"):
            return .double(Double(number()))
        case UInt8(ascii: "d"):
            return .double(Double(bitPattern: number()))
        case UInt8(ascii: "t"): return .bool(true)
        case UInt8(ascii: "f"): return .bool(false)
        case UInt8(ascii: "n"): return .null
        default: preconditionFailure("the JSON tape has an element of unknown type")
        }
    }

    private mutating func number() -> UInt64 {
        defer { index += 1 }
        return tape[index]
    }

    private func string(at word: UInt64) -> String {
        let start = strings + Int(word & 0x00FF_FFFF_FFFF_FFFF)
        let length = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
        return String(decoding: UnsafeBufferPointer(start: start + 4, count: Int(length)), as: UTF8.self)
    }

    /// Keeps `text` as the next member's key when an object waits for one.
    private mutating func takeAsKey(_ text: String) -> Bool {
        guard let top = open.popLast() else { return false }
        guard case .object(let members, pendingKey: nil) = top else {
            open.append(top)
            return false
        }
        open.append(.object(members, pendingKey: text))
        return true
    }

    private mutating func add(_ value: JSONValue) {
        // Taken off the stack while it grows, so that the array has one owner and is not copied.
        switch open.removeLast() {
        case .array(var elements):
            elements.append(value)
            open.append(.array(elements))
        case .object(var members, let key?):
            members.append(JSONObject.Member(key: key, value: value))
            open.append(.object(members, pendingKey: nil))
        case .object(_, pendingKey: nil):
            preconditionFailure("the JSON tape has a member without a key")
        }
    }

    private mutating func close() throws(JSONError) -> JSONValue {
        switch open.removeLast() {
        case .array(let elements): return .array(elements)
        case .object(let members, _): return .object(try JSONObject(unsortedMembers: members))
        }
    }
}

extension JSONObject {
    /// Sorts members by key bytes; members that are sorted already, as in stored events, cost one comparison each.
    fileprivate init(unsortedMembers: [Member]) throws(JSONError) {
        var members = unsortedMembers
        var sorted = true
        for index in members.indices.dropFirst()
        where !members[index - 1].key.utf8.lexicographicallyPrecedes(members[index].key.utf8) {
            sorted = false
            break
        }
        if !sorted {
            members.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for index in members.indices.dropFirst()
            where members[index - 1].key.utf8.elementsEqual(members[index].key.utf8) {
                throw .duplicateKey(members[index].key)
            }
        }
        self.init(sortedMembers: members)
    }
}
