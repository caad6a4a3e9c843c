/// A statement's result, copied out of libpq.
public struct PostgresRows: Sendable, RandomAccessCollection {
    /// Where a cell's bytes are in the shared buffer; a negative length is null.
    struct Cell: Sendable {
        var offset: Int
        var length: Int32
    }

    /// The table all rows of a result share.
    final class Table: Sendable {
        let columns: [String]
        let types: [UInt32]
        let cells: [Cell]
        let bytes: [UInt8]

        init(columns: [String], types: [UInt32], cells: [Cell], bytes: [UInt8]) {
            self.columns = columns
            self.types = types
            self.cells = cells
            self.bytes = bytes
        }
    }

    let table: Table
    public let count: Int
    /// The server's command tag, as `COMMIT` or `INSERT 0 3`.
    public let commandTag: String

    init(table: Table, count: Int, commandTag: String) {
        self.table = table
        self.count = count
        self.commandTag = commandTag
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { count }
    public subscript(position: Int) -> PostgresRow { PostgresRow(table: table, row: position) }

    /// How many rows an INSERT, UPDATE or DELETE changed.
    public var affectedRows: Int { commandTag.split(separator: " ").last.flatMap { Int($0) } ?? 0 }
}

/// One row of a result; cells are read by column name.
public struct PostgresRow: Sendable {
    let table: PostgresRows.Table
    let row: Int

    public func int64(_ column: String) throws(PostgresError) -> Int64 { try required(column, optionalInt64(column)) }
    public func int32(_ column: String) throws(PostgresError) -> Int32 { try required(column, optionalInt32(column)) }
    public func int16(_ column: String) throws(PostgresError) -> Int16 { try required(column, optionalInt16(column)) }
    public func bool(_ column: String) throws(PostgresError) -> Bool { try required(column, optionalBool(column)) }
    public func double(_ column: String) throws(PostgresError) -> Double {
        try required(column, optionalDouble(column))
    }
    public func text(_ column: String) throws(PostgresError) -> String { try required(column, optionalText(column)) }
    public func bytes(_ column: String) throws(PostgresError) -> [UInt8] { try required(column, optionalBytes(column)) }

    public func optionalInt64(_ column: String) throws(PostgresError) -> Int64? { try integer(column) }
    public func optionalInt32(_ column: String) throws(PostgresError) -> Int32? { try integer(column) }
    public func optionalInt16(_ column: String) throws(PostgresError) -> Int16? { try integer(column) }

    public func optionalBool(_ column: String) throws(PostgresError) -> Bool? {
        guard let cell = try cell(column) else { return nil }
        guard cell.count == 1, let byte = cell.first else { throw unexpected(column, "bool") }
        return byte != 0
    }

    public func optionalDouble(_ column: String) throws(PostgresError) -> Double? {
        guard let cell = try cell(column) else { return nil }
        guard let bits = BinaryFormat.integer(cell, as: UInt64.self) else { throw unexpected(column, "double") }
        return Double(bitPattern: bits)
    }

    public func optionalText(_ column: String) throws(PostgresError) -> String? {
        try cell(column).map { String(decoding: $0, as: UTF8.self) }
    }

    public func optionalBytes(_ column: String) throws(PostgresError) -> [UInt8]? {
        try cell(column).map { Array($0) }
    }

    private func integer<Value: FixedWidthInteger>(_ column: String) throws(PostgresError) -> Value? {
        guard let cell = try cell(column) else { return nil }
        // A count(*) is int8 where the caller wants Int32 or the reverse: widths are checked by value, not by type.
        let wide: Int64? =
            switch cell.count {
            case 8: BinaryFormat.integer(cell, as: Int64.self)
            case 4: BinaryFormat.integer(cell, as: Int32.self).map(Int64.init)
            case 2: BinaryFormat.integer(cell, as: Int16.self).map(Int64.init)
            default: nil
            }
        guard let wide, let value = Value(exactly: wide) else { throw unexpected(column, "integer") }
        return value
    }

    private func cell(_ column: String) throws(PostgresError) -> ArraySlice<UInt8>? {
        guard let index = table.columns.firstIndex(of: column) else {
            throw PostgresError(.decoding("there is no column \(column)"))
        }
        let cell = table.cells[row * table.columns.count + index]
        guard cell.length >= 0 else { return nil }
        return table.bytes[cell.offset..<cell.offset + Int(cell.length)]
    }

    private func required<Value>(_ column: String, _ value: Value?) throws(PostgresError) -> Value {
        guard let value else { throw PostgresError(.decoding("column \(column) is null")) }
        return value
    }

    private func unexpected(_ column: String, _ type: String) -> PostgresError {
        PostgresError(.decoding("column \(column) is no \(type)"))
    }
}
