import Foundation
import Testing

/// The rules of the house over the whole tree.
@Suite struct ArchitectureTests {
    private static let workers = [
        "apus-client", "apus-housekeeper", "apus-media", "apus-push", "apus-room-writer", "apus-sync",
    ]

    /// Read once for all tests.
    private static let sourceFiles = Result { try SourceTree.swift(under: "Sources") }
    private static let found = Result { try readFindings() }

    private static func findings() throws -> [Finding] { try found.get() }

    private static func readFindings() throws -> [Finding] {
        let sources = try sourceFiles.get()
        let tests = try SourceTree.swift(under: "Tests")
        let imports = ImportRules(manifest: PackageManifest(text: try SourceTree.text("Package.swift")))
        var findings = sources.flatMap(imports.findings)
        for file in sources + tests {
            findings += WordRule.all.flatMap { $0.findings(in: file) }
            findings += SizeRules.findings(in: file)
            findings += NameRules.findings(in: file)
        }
        findings += EndpointRules.findings(in: sources)
        findings += SizeRules.executableFindings(sources, workers: workers)
        for path in try SourceTree.files(under: "Sources/Storage/Schema", withExtension: "sql") {
            findings += SchemaRules.findings(path: path, sql: try SourceTree.text(path))
        }
        return findings
    }

    @Test func theTreeKeepsItsRules() throws {
        let places = Dictionary(grouping: try Self.findings()) { Exemption.Place(rule: $0.rule, path: $0.path) }
        for (place, findings) in places {
            let count = Exemption.all.first { $0.place == place }?.count ?? 0
            guard findings.count > count else { continue }
            for finding in findings { Issue.record("\(finding) (\(count) exempt)") }
        }
    }

    @Test func exemptionsOnlyShrink() throws {
        let findings = try Self.findings()
        for exemption in Exemption.all {
            let place = exemption.place
            let left = findings.count { $0.rule == place.rule && $0.path == place.path }
            #expect(left >= exemption.count, "\(place.path) has \(left) [\(place.rule)] left: lower its exemption")
            #expect(!exemption.reason.isEmpty)
        }
        let count = Exemption.all.reduce(0) { $0 + $1.count }
        #expect(count == Exemption.countMax, "lower countMax with the list; it is never raised")
    }

    @Test func theWholePackageIsRead() throws {
        let manifest = PackageManifest(text: try SourceTree.text("Package.swift"))
        let sources = try Self.sourceFiles.get()
        let folders = Set(sources.compactMap { ImportRules.module(of: $0.path) })
        for module in folders {
            #expect(manifest.targets[module] != nil, "\(module) has sources but no target in Package.swift")
            let isKnown = ImportRules.all.contains(module) || ImportRules.executables[module] != nil
            #expect(isKnown, "\(module) is in no layer of ImportRules")
        }
        // What Package.swift lets a target depend on obeys the same table.
        for (name, target) in manifest.targets where folders.contains(name) {
            let inside = target.targets.filter { ImportRules.all.contains($0) }
            #expect(inside.isSubset(of: ImportRules.allowed(for: name)), "\(name) depends on too much in Package.swift")
        }
        #expect(sources.count > 200)
    }
}
