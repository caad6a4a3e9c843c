import CanonicalJSON
import Identifiers

/// Reads the fields of one internal message; `finish` refuses fields that nobody asked for.
struct FieldReader {
    private let object: JSONObject
    private var used: [String] = []

    init(_ object: JSONObject) { self.object = object }

    init(_ value: JSONValue, field: String) throws(ContractError) {
        guard let object = value.objectValue else { throw .invalid(field: field) }
        self.object = object
    }

    /// The field's value, null being one; `nil` when it is absent.
    mutating func value(_ field: String) -> JSONValue? {
        guard let value = object[field] else { return nil }
        used.append(field)
        return value
    }

    func hasValue(_ field: String) -> Bool { object[field] != nil }

    mutating func required(_ field: String) throws(ContractError) -> JSONValue {
        guard let value = value(field) else { throw .missing(field: field) }
        return value
    }

    mutating func string(_ field: String) throws(ContractError) -> String {
        try Self.require(try required(field).stringValue, field)
    }

    mutating func optionalString(_ field: String) throws(ContractError) -> String? {
        guard let value = value(field) else { return nil }
        return try Self.require(value.stringValue, field)
    }

    mutating func integer(_ field: String, in range: ClosedRange<Int64> = .min ... .max) throws(ContractError) -> Int64
    {
        let value = try Self.require(try required(field).intValue, field)
        guard range.contains(value) else { throw .invalid(field: field) }
        return value
    }

    mutating func shard(_ field: String) throws(ContractError) -> ShardID {
        ShardID(Int16(try integer(field, in: 0...Int64(Int16.max))))
    }

    mutating func object(_ field: String) throws(ContractError) -> JSONObject {
        try Self.require(try required(field).objectValue, field)
    }

    mutating func optionalObject(_ field: String) throws(ContractError) -> JSONObject? {
        guard let value = value(field) else { return nil }
        return try Self.require(value.objectValue, field)
    }

    /// A list of at most `countMax` elements.
    mutating func list(_ field: String, countMax: Int = .max) throws(ContractError) -> [JSONValue] {
        let list = try Self.require(try required(field).arrayValue, field)
        guard list.count <= countMax else { throw .invalid(field: field) }
        return list
    }

    /// False when the field is absent.
    mutating func flag(_ field: String) throws(ContractError) -> Bool {
        guard let value = value(field) else { return false }
        return try Self.require(value.boolValue, field)
    }

    mutating func identifier<ID: Identifier>(_ field: String) throws(ContractError) -> ID {
        try Self.require(ID(try string(field)), field)
    }

    mutating func optionalIdentifier<ID: Identifier>(_ field: String) throws(ContractError) -> ID? {
        guard let text = try optionalString(field) else { return nil }
        return try Self.require(ID(text), field)
    }

    /// A duration in whole milliseconds, not negative.
    mutating func milliseconds(_ field: String) throws(ContractError) -> Duration {
        .milliseconds(try integer(field, in: 0...Self.millisecondsMax))
    }

    mutating func optionalMilliseconds(_ field: String) throws(ContractError) -> Duration? {
        guard hasValue(field) else { return nil }
        return try milliseconds(field)
    }

    /// - Throws: ``ContractError/unknown(field:)`` when the message has a field that was not read.
    func finish() throws(ContractError) {
        guard used.count < object.count else { return }
        for key in object.keys where !used.contains(where: { $0.utf8.elementsEqual(key.utf8) }) {
            throw .unknown(field: key)
        }
    }

    /// A day: nothing internal waits longer.
    static let millisecondsMax: Int64 = 86_400_000

    static func require<T>(_ value: T?, _ field: String) throws(ContractError) -> T {
        guard let value else { throw .invalid(field: field) }
        return value
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, so that a wait is never shortened to nothing.
    var millisecondsRoundedUp: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
