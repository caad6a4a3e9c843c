/// The targets of Package.swift with what they say they depend on, read from its text.
struct PackageManifest {
    struct Target: Equatable {
        let name: String
        /// Other targets of the package.
        let targets: Set<String>
        /// Constants of products of other packages, such as `logging`.
        let products: Set<String>
    }

    let targets: [String: Target]

    init(text: String) {
        let list = text.components(after: "targets: [")
        var found: [String: Target] = [:]
        for call in Self.calls(in: list) {
            guard let target = Self.target(call) else { continue }
            found[target.name] = target
        }
        targets = found
    }

    private static let functions = [
        "library(", "worker(", "tests(", ".target(", ".executableTarget(", ".systemLibrary(",
    ]

    private struct Call {
        let function: String
        let arguments: String
    }

    private static func calls(in text: String) -> [Call] {
        var calls: [Call] = []
        var rest = text[...]
        while true {
            let next = functions.compactMap { name in rest.range(of: name).map { (name, $0) } }
                .min { $0.1.lowerBound < $1.1.lowerBound }
            guard let (name, range) = next else { return calls }
            var depth = 1
            var end = range.upperBound
            while end < rest.endIndex, depth > 0 {
                if rest[end] == "(" { depth += 1 }
                if rest[end] == ")" { depth -= 1 }
                end = rest.index(after: end)
            }
            calls.append(Call(function: name, arguments: String(rest[range.upperBound..<end].dropLast())))
            rest = rest[end...]
        }
    }

    private static func target(_ call: Call) -> Target? {
        let strings = call.arguments.matches(of: /"([^"]*)"/).map { String($0.1) }
        // library("Layer", "Name", […]); all others begin with their name.
        let nameIndex = call.function == "library(" ? 1 : 0
        guard strings.indices.contains(nameIndex) else { return nil }
        var targets: Set<String> = []
        var products: Set<String> = []
        for list in call.arguments.matches(of: /\[([^\]]*)\]/) {
            for word in list.1.split(whereSeparator: { ", \n".contains($0) }) {
                if word.hasPrefix("\"") {
                    targets.insert(word.trimmingQuotes)
                } else if word.allSatisfy({ $0.isLetter || $0.isNumber }) {
                    products.insert(String(word))
                }
            }
        }
        if call.function == "worker(" {
            if let service = strings.dropFirst().first { targets.insert(service) }
            targets.formUnion(["ClusterConfiguration", "Telemetry", "WorkerRuntime"])
        }
        if call.function == "tests(" { targets.insert("TestSupport") }
        return Target(name: strings[nameIndex], targets: targets, products: products)
    }
}

extension String {
    fileprivate func components(after marker: String) -> String {
        guard let range = ranges(of: marker).last else { return "" }
        return String(self[range.upperBound...])
    }
}

extension Substring {
    fileprivate var trimmingQuotes: String { String(filter { $0 != "\"" }) }
}
