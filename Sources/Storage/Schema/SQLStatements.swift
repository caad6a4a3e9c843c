/// Splits a migration file into statements, because pipelined statements go one by one.
enum SQLStatements {
    /// Cuts at semicolons outside of quotes, comments and dollar-quoted bodies.
    static func split(_ text: String) -> [String] {
        var statements: [String] = []
        var current: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        func starts(_ mark: String) -> Bool {
            bytes[index...].starts(with: mark.utf8)
        }
        func copy(through mark: String) {
            repeat {
                current.append(bytes[index])
                index += 1
            } while index < bytes.count && !starts(mark)
            for byte in mark.utf8 where index < bytes.count {
                current.append(byte)
                index += 1
            }
        }
        while index < bytes.count {
            if starts("--") {
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            } else if starts("$$") {
                current.append(bytes[index])
                index += 1
                copy(through: "$$")
            } else if starts("'") {
                copy(through: "'")
            } else if starts(";") {
                statements.append(String(decoding: current, as: UTF8.self))
                current = []
                index += 1
            } else {
                current.append(bytes[index])
                index += 1
            }
        }
        statements.append(String(decoding: current, as: UTF8.self))
        return statements.filter { !$0.allSatisfy(\.isWhitespace) }
    }
}
