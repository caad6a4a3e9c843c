/// A value as it travels to PostgreSQL, always in binary.
public enum PostgresValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    case double(Double)
    /// Text without NUL; PostgreSQL cannot store one and refuses the statement.
    case text(String)
    case bytes([UInt8])
    case textArray([String])
    case optionalTextArray([String?])
    case bytesArray([[UInt8]])
    case optionalBytesArray([[UInt8]?])
    case int64Array([Int64])
    case optionalInt64Array([Int64?])
    case int32Array([Int32])
    case int16Array([Int16])
    case boolArray([Bool])
}

/// What can be given to a statement as a parameter.
public protocol PostgresParameter: Sendable {
    var postgresValue: PostgresValue { get }
}

extension PostgresValue: PostgresParameter { public var postgresValue: PostgresValue { self } }
extension Bool: PostgresParameter { public var postgresValue: PostgresValue { .bool(self) } }
extension Int16: PostgresParameter { public var postgresValue: PostgresValue { .int16(self) } }
extension Int32: PostgresParameter { public var postgresValue: PostgresValue { .int32(self) } }
extension Int64: PostgresParameter { public var postgresValue: PostgresValue { .int64(self) } }
extension Int: PostgresParameter { public var postgresValue: PostgresValue { .int64(Int64(self)) } }
extension Double: PostgresParameter { public var postgresValue: PostgresValue { .double(self) } }
extension String: PostgresParameter { public var postgresValue: PostgresValue { .text(self) } }

extension Optional: PostgresParameter where Wrapped: PostgresParameter {
    public var postgresValue: PostgresValue { self?.postgresValue ?? .null }
}

extension Array: PostgresParameter where Element: PostgresArrayElement {
    public var postgresValue: PostgresValue { Element.arrayValue(self) }
}

/// What arrays of can be given to a statement; `[UInt8]` is a bytea, not an array.
public protocol PostgresArrayElement: Sendable {
    static func arrayValue(_ elements: [Self]) -> PostgresValue
}

extension UInt8: PostgresArrayElement {
    public static func arrayValue(_ elements: [UInt8]) -> PostgresValue { .bytes(elements) }
}
extension String: PostgresArrayElement {
    public static func arrayValue(_ elements: [String]) -> PostgresValue { .textArray(elements) }
}
extension Int64: PostgresArrayElement {
    public static func arrayValue(_ elements: [Int64]) -> PostgresValue { .int64Array(elements) }
}
extension Int32: PostgresArrayElement {
    public static func arrayValue(_ elements: [Int32]) -> PostgresValue { .int32Array(elements) }
}
extension Int16: PostgresArrayElement {
    public static func arrayValue(_ elements: [Int16]) -> PostgresValue { .int16Array(elements) }
}
extension Bool: PostgresArrayElement {
    public static func arrayValue(_ elements: [Bool]) -> PostgresValue { .boolArray(elements) }
}
extension Array: PostgresArrayElement where Element == UInt8 {
    public static func arrayValue(_ elements: [[UInt8]]) -> PostgresValue { .bytesArray(elements) }
}
extension Optional: PostgresArrayElement where Wrapped: PostgresNullableElement {
    public static func arrayValue(_ elements: [Wrapped?]) -> PostgresValue { Wrapped.nullableArrayValue(elements) }
}

/// What arrays with nulls can be made of.
public protocol PostgresNullableElement: Sendable {
    static func nullableArrayValue(_ elements: [Self?]) -> PostgresValue
}

extension String: PostgresNullableElement {
    public static func nullableArrayValue(_ elements: [String?]) -> PostgresValue { .optionalTextArray(elements) }
}
extension Int64: PostgresNullableElement {
    public static func nullableArrayValue(_ elements: [Int64?]) -> PostgresValue { .optionalInt64Array(elements) }
}
extension Array: PostgresNullableElement where Element == UInt8 {
    public static func nullableArrayValue(_ elements: [[UInt8]?]) -> PostgresValue { .optionalBytesArray(elements) }
}
