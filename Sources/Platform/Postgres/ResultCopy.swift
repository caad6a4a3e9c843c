import CLibPQ

/// Copies libpq's results into Swift values before they are cleared.
enum ResultCopy {
    static func rows(of result: OpaquePointer) -> PostgresRows {
        let columnCount = Int(PQnfields(result))
        let rowCount = Int(PQntuples(result))
        var columns: [String] = []
        var types: [UInt32] = []
        for column in 0..<columnCount {
            columns.append(PQfname(result, Int32(column)).map { String(cString: $0) } ?? "")
            types.append(UInt32(PQftype(result, Int32(column))))
        }
        var cells: [PostgresRows.Cell] = []
        cells.reserveCapacity(columnCount * rowCount)
        var bytes: [UInt8] = []
        for row in 0..<rowCount {
            for column in 0..<columnCount {
                cells.append(cell(of: result, Int32(row), Int32(column), into: &bytes))
            }
        }
        let table = PostgresRows.Table(columns: columns, types: types, cells: cells, bytes: bytes)
        let tag = PQcmdStatus(result).map { String(cString: $0) } ?? ""
        return PostgresRows(table: table, count: rowCount, commandTag: tag)
    }

    static func error(of result: OpaquePointer) -> PostgresError {
        let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) } ?? "XX000"
        let message = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) } ?? "no message"
        return PostgresError(.server(sqlState: state, message: message))
    }

    private static func cell(
        of result: OpaquePointer, _ row: Int32, _ column: Int32, into bytes: inout [UInt8]
    ) -> PostgresRows.Cell {
        guard PQgetisnull(result, row, column) == 0 else { return PostgresRows.Cell(offset: 0, length: -1) }
        let length = Int(PQgetlength(result, row, column))
        let offset = bytes.count
        if let start = PQgetvalue(result, row, column) {
            let buffer = UnsafeRawBufferPointer(start: start, count: length)
            bytes.append(contentsOf: buffer)
        }
        return PostgresRows.Cell(offset: offset, length: Int32(length))
    }
}
