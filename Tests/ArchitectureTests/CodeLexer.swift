/// Blanks out what is not code: comments, and the insides of string literals.
///
/// Lines stay where they are.
struct CodeLexer {
    private let bytes: [UInt8]
    private var index = 0
    private var result: [UInt8] = []

    static func blank(_ text: String) -> String {
        var lexer = CodeLexer(bytes: Array(text.utf8))
        while lexer.index < lexer.bytes.count { lexer.step() }
        return String(decoding: lexer.result, as: UTF8.self)
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func starts(_ text: String, at offset: Int = 0) -> Bool {
        bytes[min(index + offset, bytes.count)...].starts(with: text.utf8)
    }

    private mutating func step() {
        if starts("//") {
            while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { skip() }
        } else if starts("/*") {
            blockComment()
        } else if let hashes = stringStart() {
            string(hashes: hashes)
        } else {
            keep()
        }
    }

    private mutating func keep() {
        result.append(bytes[index])
        index += 1
    }

    private mutating func skip() {
        result.append(bytes[index] == UInt8(ascii: "\n") ? bytes[index] : UInt8(ascii: " "))
        index += 1
    }

    private mutating func skip(_ count: Int) {
        for _ in 0..<count where index < bytes.count { skip() }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                skip(2)
            } else if starts("*/") {
                depth -= 1
                skip(2)
            } else {
                skip()
            }
        } while depth > 0 && index < bytes.count
    }

    /// How many `#` stand before a string literal that begins here; `nil` when none begins.
    private func stringStart() -> Int? {
        var hashes = 0
        while starts("#", at: hashes) { hashes += 1 }
        return starts("\"", at: hashes) ? hashes : nil
    }

    private mutating func string(hashes: Int) {
        let fence = String(repeating: "#", count: hashes)
        skip(hashes)
        let quote = starts("\"\"\"") ? "\"\"\"" : "\""
        for _ in 0..<quote.utf8.count { keep() }
        while index < bytes.count, !starts(quote + fence) {
            if starts("\\" + fence + "(") {
                // What is interpolated is code again.
                skip(1 + hashes)
                interpolation()
            } else {
                skip(starts("\\" + fence) ? 2 + hashes : 1)
            }
        }
        for _ in 0..<quote.utf8.count where index < bytes.count { keep() }
        skip(hashes)
    }

    private mutating func interpolation() {
        var depth = 0
        repeat {
            if starts("(") { depth += 1 }
            if starts(")") { depth -= 1 }
            step()
        } while depth > 0 && index < bytes.count
    }
}
