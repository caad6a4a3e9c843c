/// Each endpoint is in its worker's list, once; no two have one route.
enum EndpointRules {
    struct Declared {
        let name: String
        let service: String
        let path: String
        let line: Int
    }

    static func findings(in files: [SourceFile]) -> [Finding] {
        let endpoints = files.flatMap(declared)
        return unlisted(endpoints, files) + doubled(files)
    }

    /// Types that conform to Endpoint, on their own line or in an extension's.
    static func declared(in file: SourceFile) -> [Declared] {
        let parts = file.path.split(separator: "/").map(String.init)
        guard parts.count > 3, parts[1] == "Services" else { return [] }
        return file.code.enumerated().compactMap { index, line in
            guard line.utf8.contains("Endpoint".utf8) else { return nil }
            let match = line.firstMatch(
                of: /\b(?:struct|class|enum|actor|extension)\s+(\w+)(?:<[^>]*>)?\s*:[^{]*?\bEndpoint\b/)
            return match.map { Declared(name: String($0.1), service: parts[2], path: file.path, line: index + 1) }
        }
    }

    private static func unlisted(_ endpoints: [Declared], _ files: [SourceFile]) -> [Finding] {
        endpoints.compactMap { endpoint in
            let lists = files.filter {
                $0.isUnder("Sources/Services/\(endpoint.service)") && $0.name.hasSuffix("Endpoints.swift")
            }
            var count = 0
            for line in lists.flatMap(\.code) {
                count += line.matches(of: /\b(\w+)\(/).count { String($0.1) == endpoint.name }
            }
            guard count != 1 else { return nil }
            return Finding(
                rule: "endpoint", path: endpoint.path, line: endpoint.line,
                message:
                    "\(endpoint.name) is \(count == 0 ? "not" : "\(count) times") in its worker's list of endpoints.")
        }
    }

    /// A route's method and path, with parameters' names left out.
    private static func doubled(_ files: [SourceFile]) -> [Finding] {
        var first: [String: String] = [:]
        var findings: [Finding] = []
        for file in files where file.isUnder("Sources/Services") {
            let text = file.text
            guard text.utf8.contains("Route".utf8) else { continue }
            for match in text.matches(of: /\bRoute(?:\.client)?\(\s*\.(\w+),\s*"([^"]+)"/) {
                let path = String(match.2).replacing(/\{\w+\}/, with: "{}")
                let route = "\(String(match.1).uppercased()) \(path)"
                let line = text[..<match.range.lowerBound].count { $0 == "\n" } + 1
                if let other = first[route] {
                    findings.append(
                        Finding(
                            rule: "endpoint", path: file.path, line: line, message: "\(route) is also in \(other)."))
                }
                first[route] = file.path
            }
        }
        return findings
    }
}
