/// Each table says who writes it: in its comment, or in the heading it stands under.
enum SchemaRules {
    static func findings(path: String, sql: String) -> [Finding] {
        var findings: [Finding] = []
        var headingNames = false
        for (index, line) in sql.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("-- ──") { headingNames = line.contains(/[Ww]ritten by/) }
            guard let match = line.firstMatch(of: /^CREATE TABLE (?:IF NOT EXISTS )?(\w+)/) else { continue }
            // A partition is its table's.
            if line.contains("PARTITION OF") || headingNames { continue }
            let comment = sql.firstMatch(of: try? Regex("COMMENT ON TABLE \(match.1) IS\\s+'((?:[^']|'')*)'"))
            let says = comment.map { String($0.0).contains(/[Ww]ritten|[Ww]rites/) } ?? false
            guard !says else { continue }
            findings.append(
                Finding(
                    rule: "table owner", path: path, line: index + 1,
                    message: "\(match.1) does not say who writes it: COMMENT ON TABLE … 'Written by …'."))
        }
        return findings
    }
}

extension String {
    fileprivate func firstMatch(of pattern: Regex<AnyRegexOutput>?) -> Regex<AnyRegexOutput>.Match? {
        guard let pattern else { return nil }
        return firstMatch(of: pattern)
    }
}
