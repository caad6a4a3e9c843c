/// Builds JSON bytes in order, splicing in bytes that are JSON already.
///
/// It puts commas and colons; that begins and ends match and every member has a key is the caller's duty. Keys are
/// written in the order given.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8]
    private var needsComma = false

    public init(reservingBytes capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    public mutating func beginObject() { begin(UInt8(ascii: "{")) }
    public mutating func endObject() { end(UInt8(ascii: "}")) }
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }
    public mutating func endArray() { end(UInt8(ascii: "]")) }

    /// Writes the next member's key.
    public mutating func key(_ key: String) {
        separate()
        bytes.appendJSONString(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    public mutating func value(_ value: JSONValue) {
        separate()
        bytes.appendJSON(value)
    }

    public mutating func value(_ object: JSONObject) {
        separate()
        bytes.appendJSON(object)
    }

    public mutating func value(_ string: String) {
        separate()
        bytes.appendJSONString(string)
    }

    public mutating func value(_ number: some FixedWidthInteger) {
        separate()
        bytes.append(contentsOf: number.description.utf8)
    }

    public mutating func value(_ bool: Bool) {
        separate()
        bytes.append(contentsOf: (bool ? "true" : "false").utf8)
    }

    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes bytes that are one JSON value already.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Writes ready members, `"key":value` joined by commas, into the open object; no bytes are no members.
    public mutating func rawMembers(_ members: [UInt8]) {
        guard !members.isEmpty else { return }
        separate()
        bytes.append(contentsOf: members)
    }

    /// Hands over what was written so far, ready for a value whose bytes come from elsewhere; writing goes on after it.
    ///
    /// So that large ready bytes can be sent as they are instead of being copied into this writer.
    public mutating func handOver() -> [UInt8] {
        separate()
        defer { bytes = [] }
        return bytes
    }

    public mutating func member(_ key: String, _ value: JSONValue) {
        self.key(key)
        self.value(value)
    }

    public mutating func member(_ key: String, _ object: JSONObject) {
        self.key(key)
        self.value(object)
    }

    public mutating func member(_ key: String, _ string: String) {
        self.key(key)
        self.value(string)
    }

    public mutating func member(_ key: String, _ number: some FixedWidthInteger) {
        self.key(key)
        self.value(number)
    }

    public mutating func member(_ key: String, _ bool: Bool) {
        self.key(key)
        self.value(bool)
    }

    public mutating func member(_ key: String, raw json: some Sequence<UInt8>) {
        self.key(key)
        self.raw(json)
    }

    private mutating func begin(_ byte: UInt8) {
        separate()
        bytes.append(byte)
        needsComma = false
    }

    private mutating func end(_ byte: UInt8) {
        bytes.append(byte)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }
}
