/// Names that say nothing: whatever is called so has a better name.
enum NameRules {
    static let words: Set<String> = [
        "Util", "Utils", "Utility", "Utilities", "Helper", "Helpers", "Common", "Manager", "Base", "Misc",
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        for part in file.path.split(separator: "/") {
            let stem = String(part.split(separator: ".").first ?? "")
            if let word = empty(stem) { findings.append(finding(file, 1, "\(part) is named \(word)")) }
        }
        for (index, line) in file.code.enumerated() where Self.words.contains(where: { line.utf8.contains($0.utf8) }) {
            let declared = line.firstMatch(of: /\b(?:struct|class|enum|actor|protocol|typealias)\s+(\w+)/)
            guard let name = declared?.1, let word = empty(String(name)) else { continue }
            findings.append(finding(file, index + 1, "\(name) is named \(word)"))
        }
        return findings
    }

    private static func finding(_ file: SourceFile, _ line: Int, _ what: String) -> Finding {
        Finding(rule: "name", path: file.path, line: line, message: "\(what): say what it is.")
    }

    /// The word of a camel-cased name that says nothing.
    private static func empty(_ name: String) -> String? {
        name.matches(of: /[A-Z][a-z0-9]*|^[a-z0-9]+/).map { String($0.0) }.first {
            words.contains($0.prefix(1).uppercased() + $0.dropFirst())
        }
    }
}
