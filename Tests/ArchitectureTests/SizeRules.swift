/// How long files and functions may be.
enum SizeRules {
    static let sourceLinesMax = 600
    static let testLinesMax = 900
    static let functionLinesMax = 70
    static let executableLinesMax = 60

    static func findings(in file: SourceFile) -> [Finding] { fileFindings(file) + functionFindings(file) }

    private static func fileFindings(_ file: SourceFile) -> [Finding] {
        let most = file.isUnder("Tests") ? testLinesMax : sourceLinesMax
        guard file.lines.count > most else { return [] }
        return [
            Finding(
                rule: "file size", path: file.path, line: most + 1,
                message: "\(file.lines.count) lines; split it: \(most) are the most.")
        ]
    }

    private static func functionFindings(_ file: SourceFile) -> [Finding] {
        FunctionSpans.find(in: file.code).filter { $0.lineCount > functionLinesMax }.map {
            Finding(
                rule: "function size", path: file.path, line: $0.line,
                message: "\($0.name) has \($0.lineCount) lines; \(functionLinesMax) are the most.")
        }
    }

    /// A worker's executable only starts its service; of other commands the entry does no more.
    static func executableFindings(_ files: [SourceFile], workers: [String]) -> [Finding] {
        var findings: [Finding] = []
        for worker in workers {
            let own = files.filter { $0.isUnder("Sources/Executables/\(worker)") }
            let count = own.reduce(0) { $0 + $1.lines.count }
            guard let first = own.first, count >= executableLinesMax else { continue }
            findings.append(tooLong(first, count))
        }
        for file in files where file.isUnder("Sources/Executables") && file.name == "Main.swift" {
            let isWorker = workers.contains { file.isUnder("Sources/Executables/\($0)") }
            if !isWorker, file.lines.count >= executableLinesMax { findings.append(tooLong(file, file.lines.count)) }
        }
        return findings
    }

    private static func tooLong(_ file: SourceFile, _ count: Int) -> Finding {
        Finding(
            rule: "executable size", path: file.path, line: 1,
            message: "\(count) lines; move the work into the service: fewer than \(executableLinesMax) are allowed.")
    }
}

/// Functions and initialisers with their bodies, found by their braces.
struct FunctionSpans {
    struct Span: Equatable {
        let name: String
        /// Of its first word.
        let line: Int
        let lineCount: Int
    }

    static func find(in code: [String]) -> [Span] {
        var spans: [Span] = []
        let starts = ["func", "init", "subscript"]
        for (index, line) in code.enumerated() where starts.contains(where: { line.utf8.contains($0.utf8) }) {
            guard
                let match = line.firstMatch(
                    of: /(^|\s)(func\s+[^\s(<]+|init[?]?(?=[(<])|subscript(?=[(<])|deinit\b)/.wordBoundaryKind(.simple))
            else {
                continue
            }
            let start = line.distance(from: line.startIndex, to: match.range.lowerBound)
            guard let end = bodyEnd(code, line: index, column: start) else { continue }
            spans.append(
                Span(
                    name: String(match.2).replacing("func ", with: ""), line: index + 1, lineCount: end - index + 1))
        }
        return spans
    }

    /// The line of the brace that closes the body; `nil` for a declaration without one.
    private static func bodyEnd(_ code: [String], line: Int, column: Int) -> Int? {
        var braces = 0
        var brackets = 0
        for index in line..<code.count {
            // A requirement of a protocol ends with its line, unless a bracket is open or the next line goes on.
            if index > line, braces == 0, brackets == 0, !goesOn(code[index]) { return nil }
            for character in index == line ? code[index].dropFirst(column) : code[index][...] {
                switch character {
                case "(", "[": brackets += 1
                case ")", "]": brackets -= 1
                case "{": if brackets == 0 || braces > 0 { braces += 1 }
                case "}":
                    if braces == 0 { if brackets == 0 { return nil } else { continue } }
                    braces -= 1
                    if braces == 0 { return index }
                default: break
                }
            }
        }
        return nil
    }

    /// Whether a line can belong to the head of a declaration that began above.
    private static func goesOn(_ line: String) -> Bool {
        let text = line.drop { $0 == " " }
        return text.hasPrefix("{") || text.hasPrefix("->") || text.hasPrefix("where ") || text.hasPrefix("async")
            || text.hasPrefix("throws") || text.hasPrefix("rethrows")
    }
}
