/// PostgreSQL's binary formats: what parameters are written as and results are read from.
enum BinaryFormat {
    /// Type OIDs of `pg_type`.
    enum ObjectID {
        static let bool: UInt32 = 16
        static let bytea: UInt32 = 17
        static let int8: UInt32 = 20
        static let int2: UInt32 = 21
        static let int4: UInt32 = 23
        static let text: UInt32 = 25
        static let float8: UInt32 = 701
        static let boolArray: UInt32 = 1000
        static let byteaArray: UInt32 = 1001
        static let int2Array: UInt32 = 1005
        static let int4Array: UInt32 = 1007
        static let textArray: UInt32 = 1009
        static let int8Array: UInt32 = 1016
    }

    /// The type a value is declared with; 0 lets the server choose, for nulls.
    static func objectID(of value: PostgresValue) -> UInt32 {
        switch value {
        case .null: 0
        case .bool: ObjectID.bool
        case .int16: ObjectID.int2
        case .int32: ObjectID.int4
        case .int64: ObjectID.int8
        case .double: ObjectID.float8
        case .text: ObjectID.text
        case .bytes: ObjectID.bytea
        case .textArray, .optionalTextArray: ObjectID.textArray
        case .bytesArray, .optionalBytesArray: ObjectID.byteaArray
        case .int64Array, .optionalInt64Array: ObjectID.int8Array
        case .int32Array: ObjectID.int4Array
        case .int16Array: ObjectID.int2Array
        case .boolArray: ObjectID.boolArray
        }
    }

    /// The bytes of a value; `nil` for null.
    static func encode(_ value: PostgresValue) -> [UInt8]? {
        switch value {
        case .null: nil
        case .bool(let value): [value ? 1 : 0]
        case .int16(let value): bigEndian(value)
        case .int32(let value): bigEndian(value)
        case .int64(let value): bigEndian(value)
        case .double(let value): bigEndian(value.bitPattern)
        case .text(let value): Array(value.utf8)
        case .bytes(let value): value
        case .textArray(let values): array(values, of: ObjectID.text) { Array($0.utf8) }
        case .optionalTextArray(let values): array(values, of: ObjectID.text) { $0.map { Array($0.utf8) } }
        case .bytesArray(let values): array(values, of: ObjectID.bytea) { $0 }
        case .optionalBytesArray(let values): array(values, of: ObjectID.bytea) { $0 }
        case .int64Array(let values): array(values, of: ObjectID.int8) { bigEndian($0) }
        case .optionalInt64Array(let values): array(values, of: ObjectID.int8) { $0.map { bigEndian($0) } }
        case .int32Array(let values): array(values, of: ObjectID.int4) { bigEndian($0) }
        case .int16Array(let values): array(values, of: ObjectID.int2) { bigEndian($0) }
        case .boolArray(let values): array(values, of: ObjectID.bool) { [$0 ? 1 : 0] }
        }
    }

    static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    static func integer<Value: FixedWidthInteger>(_ bytes: some Collection<UInt8>, as _: Value.Type) -> Value? {
        guard bytes.count == Value.bitWidth / 8 else { return nil }
        return bytes.reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    /// One-dimensional: dimensions, has-null flag, element type, length, lower bound, then each (length, bytes).
    private static func array<Element>(
        _ elements: [Element], of type: UInt32, _ encode: (Element) -> [UInt8]?
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20 + elements.count * 16)
        bytes += bigEndian(Int32(elements.isEmpty ? 0 : 1)) + bigEndian(Int32(1)) + bigEndian(type)
        guard !elements.isEmpty else { return bytes }
        bytes += bigEndian(Int32(elements.count)) + bigEndian(Int32(1))
        for element in elements {
            if let content = encode(element) {
                bytes += bigEndian(Int32(content.count))
                bytes += content
            } else {
                bytes += bigEndian(Int32(-1))
            }
        }
        return bytes
    }
}
