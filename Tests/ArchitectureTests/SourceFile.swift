import Foundation

/// A Swift file: its text, and its code without comments and without what is inside string literals.
struct SourceFile {
    /// From the repository's root, such as `Sources/Protocol/Events/Event.swift`.
    let path: String
    let text: String
    let lines: [String]
    /// As ``lines``, with comments and the insides of strings blanked out.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = Self.split(text)
        code = Self.split(CodeLexer.blank(text))
    }

    private static func split(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    var name: String { String(path.split(separator: "/").last ?? "") }

    func isUnder(_ folder: String) -> Bool { path.hasPrefix(folder + "/") }

    /// The modules it imports, with the line of each; of `import struct A.B` it is A.
    var imports: [(module: String, line: Int)] {
        code.enumerated().compactMap { index, line in
            guard line.utf8.contains("import ".utf8) else { return nil }
            var words = line.split(separator: " ").map(String.init)
            while let first = words.first, first.hasPrefix("@") || ["public", "package", "internal"].contains(first) {
                words.removeFirst()
            }
            guard words.count >= 2, words[0] == "import" else { return nil }
            let kinds = ["struct", "class", "enum", "func", "protocol", "var", "let", "typealias"]
            let target = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
            return (String(target.split(separator: ".")[0]), index + 1)
        }
    }

    /// The lines of code in which `pattern` occurs.
    ///
    /// - Parameter word: what each match contains; looking for it first makes most lines cheap.
    func occurrences<Output>(of pattern: Regex<Output>, containing word: String) -> [Int] {
        guard hasCode(word) else { return [] }
        // Not Unicode's boundaries, by which `a.b` is one word.
        let simple = pattern.wordBoundaryKind(.simple)
        return code.enumerated().compactMap { index, line in
            line.utf8.contains(word.utf8) && line.contains(simple) ? index + 1 : nil
        }
    }

    /// Whether `word` is anywhere in the file.
    private func hasCode(_ word: String) -> Bool { text.utf8.contains(word.utf8) }
}

extension String.UTF8View {
    /// Whether the bytes of `word` occur in a row.
    func contains(_ word: String.UTF8View) -> Bool {
        guard let first = word.first else { return true }
        var rest = self[...]
        while let start = rest.firstIndex(of: first) {
            rest = rest[start...]
            if rest.starts(with: word) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}

/// The repository's sources.
enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// All files with an extension under a folder, sorted by path.
    static func files(under folder: String, withExtension ext: String) throws -> [String] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
        return names.filter { $0.hasSuffix("." + ext) }.map { "\(folder)/\($0)" }.sorted()
    }

    static func swift(under folder: String) throws -> [SourceFile] {
        try files(under: folder, withExtension: "swift").map { SourceFile(path: $0, text: try text($0)) }
    }
}
