import Testing

/// Each rule is shown able to fail, and able to pass.
@Suite struct CheckerTests {
    private static let manifest = PackageManifest(
        text: """
            func library() {}
            targets: [
                .target(name: "CSimdjson", path: "Sources/Protocol/CSimdjson"),
                library("Protocol", "Identifiers", []),
                library("Protocol", "Events", ["Identifiers", crypto]),
                library("Platform", "HTTPServer", ["Telemetry", nioCore, logging]),
                library("Platform", "Telemetry", [logging]),
                library("Services", "Sync", ["Identifiers", "Events", "MatrixHTTP", logging]),
                library("Services", "MatrixHTTP", ["Identifiers"]),
                worker("apus-sync", service: "Sync"),
                tests("EventsTests", ["Events"]),
            ]
            """)

    private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path: path, text: text) }

    @Test func theManifestIsRead() {
        #expect(Self.manifest.targets["Events"]?.targets == ["Identifiers"])
        #expect(Self.manifest.targets["Events"]?.products == ["crypto"])
        #expect(Self.manifest.targets["Identifiers"]?.targets == [])
        #expect(
            Self.manifest.targets["apus-sync"]?.targets == [
                "Sync", "ClusterConfiguration", "Telemetry", "WorkerRuntime",
            ])
        #expect(Self.manifest.targets["EventsTests"]?.targets == ["Events", "TestSupport"])
        #expect(Self.manifest.targets["CSimdjson"] != nil)
        #expect(Self.manifest.targets.count == 9)
    }

    private static let imports: [(path: String, text: String, isAllowed: Bool)] = [
        ("Sources/Protocol/Events/A.swift", "import Identifiers\nimport Crypto", true),
        ("Sources/Protocol/Events/A.swift", "import Synchronization", true),
        ("Sources/Protocol/Identifiers/A.swift", "import Events", false),
        ("Sources/Protocol/Identifiers/A.swift", "import Synchronization", false),
        ("Sources/Protocol/Identifiers/A.swift", "import Crypto", false),
        ("Sources/Protocol/Events/A.swift", "import FoundationEssentials", false),
        ("Sources/Protocol/Events/A.swift", "@preconcurrency import Glibc", false),
        ("Sources/Protocol/Events/A.swift", "public import Dispatch", false),
        ("Sources/Protocol/Events/A.swift", "import struct Foundation.Data", false),
        ("Sources/Protocol/Events/A.swift", "// import Foundation", true),
        ("Sources/Protocol/Events/A.swift", "let text = \"\"\"\nimport Foundation\n\"\"\"", true),
        ("Sources/Protocol/Events/A.swift", "import RoomRules", false),
        // Declared nowhere, though the layers allow it.
        ("Sources/Protocol/Events/A.swift", "import Signing", false),
        ("Sources/Platform/HTTPServer/A.swift", "import Telemetry\nimport NIOCore\nimport Glibc", true),
        ("Sources/Platform/HTTPServer/A.swift", "import Identifiers", false),
        ("Sources/Platform/Telemetry/A.swift", "import NIOCore", false),
        ("Sources/Platform/Telemetry/A.swift", "import CLibPQ", false),
        ("Sources/Platform/Telemetry/A.swift", "import Foundation", false),
        ("Sources/Platform/Telemetry/A.swift", "import FoundationEssentials", true),
        ("Sources/Services/Sync/A.swift", "import MatrixHTTP\nimport Events", true),
        ("Sources/Services/Sync/A.swift", "import RoomWriter", false),
        ("Sources/Services/Sync/A.swift", "import NIOPosix", false),
        ("Sources/Services/Sync/A.swift", "import TestSupport", false),
        ("Sources/Services/MatrixHTTP/A.swift", "import Sync", false),
        ("Sources/Executables/apus-sync/A.swift", "import Sync\nimport Telemetry", true),
        ("Sources/Executables/apus-sync/A.swift", "import MatrixHTTP", false),
        ("Sources/Executables/apus-sync/A.swift", "import ClientGateway", false),
    ]

    @Test(arguments: imports)
    func importsAreJudged(path: String, text: String, isAllowed: Bool) {
        let findings = ImportRules(manifest: Self.manifest).findings(in: file(path, text))
        #expect(findings.isEmpty == isAllowed, "\(findings)")
    }

    private static let service = "Sources/Services/Sync/A.swift"
    private static let words: [(rule: String, path: String, bad: String, good: String)] = [
        ("try!", service, "let a = try! b()", "let a = try b() // not try!"),
        ("as!", service, "let a = b as! C", "let a = b as? C; let text = \"as!\""),
        ("fatalError", service, "fatalError()", "preconditionFailure(\"fatalError()\")"),
        ("print", service, "    print(a)", "    logger.print(a); sprint(a); blueprint(b)"),
        ("Task", service, "let a = Task { b() }", "group.addTask { b() }"),
        ("Task", service, "Task.detached(priority: .low) { b() }", "Task.yield()"),
        ("Task", service, "Task<Int, Never> {", "let a: Task<Int, Never>?"),
        ("Date()", service, "let now = Date()", "let now = ContinuousClock.now; a.isDate()"),
        ("Date()", service, "let now = Date.now", "let a = UpdateDate"),
        ("unchecked", service, "final class A: @unchecked Sendable {", "final class A: Sendable {"),
        ("sleep", service, "Thread.sleep(forTimeInterval: 1)", "try await Task.sleep(for: .seconds(1))"),
        ("sleep", service, "usleep(5)", "clock.sleep(until: a)"),
        ("DispatchQueue", service, "let a = DispatchQueue(label: b)", "let a = DispatchSource.self"),
        ("nonisolated(unsafe)", service, "nonisolated(unsafe) var a = 1", "nonisolated func a() {}"),
        ("clock", "Sources/Protocol/Events/A.swift", "let now = ContinuousClock.now", "let now = Timestamp.zero"),
        ("random", "Sources/Protocol/Events/A.swift", "Int.random(in: 0..<1)", "let random = 1"),
        ("TODO", service, "// TODO: later", "// TODO(#12): later"),
        ("try?", service, "let a = try? b()", "// What fails is not there.\nlet a = try? b()"),
        ("try?", service, "a()\ntry? b()", "try? await Task.sleep(for: pause)"),
        ("@testable", "Tests/A/A.swift", "@testable import B", "import B"),
        ("XCTest", "Tests/A/A.swift", "import XCTest", "import Testing"),
    ]

    @Test(arguments: words)
    func wordsAreFound(rule: String, path: String, bad: String, good: String) throws {
        let rules = WordRule.all.filter { $0.name == rule }
        #expect(rules.count == 1)
        let found = rules.flatMap { $0.findings(in: file(path, bad)) }
        #expect(found.count == 1)
        #expect(found.first?.line == bad.count { $0 == "\n" } + 1)
        #expect(rules.flatMap { $0.findings(in: file(path, good)) }.isEmpty)
    }

    @Test func everyWordRuleIsShownToFail() {
        #expect(Set(Self.words.map(\.rule)) == Set(WordRule.all.map(\.name)))
    }

    @Test func printingIsForCommands() throws {
        let rule = try #require(WordRule.all.first { $0.name == "print" })
        #expect(rule.findings(in: file("Sources/Executables/apus/A.swift", "print(a)")).isEmpty)
        #expect(rule.findings(in: file("Sources/Services/ClusterOperations/A.swift", "print(a)")).isEmpty)
    }

    @Test func commentsAndStringsAreNoCode() {
        let text = """
            let a = "try! \\(b(try! c) + "x") end" // try!
            /* try! /* nested try! */ still */ let d = #"raw \\(x) " try!"#
            let e = \"\"\"
                try! "quoted"
                \"\"\"
            """
        let blank = CodeLexer.blank(text)
        #expect(blank.count { $0 == "\n" } == text.count { $0 == "\n" })
        // Only the one in the interpolation is code.
        #expect(blank.ranges(of: "try!").count == 1)
        #expect(blank.contains("let d ="))
    }

    @Test func filesEndAtTheirLength() {
        func count(_ path: String, _ lines: Int) -> Int {
            SizeRules.findings(in: file(path, String(repeating: "\n", count: lines))).count
        }
        #expect(count("Sources/A/A/A.swift", SizeRules.sourceLinesMax) == 0)
        #expect(count("Sources/A/A/A.swift", SizeRules.sourceLinesMax + 1) == 1)
        #expect(count("Tests/A/A.swift", SizeRules.testLinesMax) == 0)
        #expect(count("Tests/A/A.swift", SizeRules.testLinesMax + 1) == 1)
    }

    @Test func functionsEndAtTheirLength() {
        func findings(_ lines: Int, head: String = "func long(\n) throws -> Int {\n", indent: String = "") -> [Finding]
        {
            let body = String(repeating: "let a = { 1 }\n", count: lines - head.count { $0 == "\n" } - 1)
            return SizeRules.findings(in: file("Sources/A/A/A.swift", head + body + "}\nfunc short() {}\n"))
        }
        #expect(findings(SizeRules.functionLinesMax).isEmpty)
        #expect(findings(SizeRules.functionLinesMax + 1).map(\.line) == [1])
        #expect(findings(SizeRules.functionLinesMax + 1, head: "init(a: Int) {\n").count == 1)
        #expect(findings(SizeRules.functionLinesMax + 1, head: "func a()\n    async throws -> B\n{\n").count == 1)
        #expect(findings(SizeRules.functionLinesMax + 1, head: "struct A {\n").isEmpty)
    }

    @Test func functionsAreFoundByTheirBraces() {
        let code = """
            protocol P {
                func a() -> Int
                func b(_ c: (Int) -> Void)
                init(d: Int)
            }
            struct S: P {
                init?(x: Int) { nil }
                func e(_ f: [Int: Int] = [:]) {
                    let g = a.map { $0 }
                    if h { i() }
                }
                subscript(key: Int) -> Int {
                    get { 1 }
                }
            }
            """
        let spans = FunctionSpans.find(in: file("Sources/A/A/A.swift", code).code)
        #expect(spans.map(\.name) == ["init?", "e", "subscript"])
        #expect(spans.map(\.line) == [7, 8, 12])
        #expect(spans.map(\.lineCount) == [1, 4, 3])
    }

    @Test func executablesEndAtTheirLength() {
        func count(_ path: String, _ lines: Int) -> Int {
            let files = [file(path, String(repeating: "\n", count: lines))]
            return SizeRules.executableFindings(files, workers: ["apus-sync"]).count
        }
        #expect(count("Sources/Executables/apus-sync/Main.swift", 59) == 0)
        #expect(count("Sources/Executables/apus-sync/Main.swift", 60) == 1)
        #expect(count("Sources/Executables/apus-sync/Other.swift", 60) == 1)
        #expect(count("Sources/Executables/apus/Main.swift", 60) == 1)
        #expect(count("Sources/Executables/apus/Up.swift", 200) == 0)
    }

    @Test func emptyNamesAreFound() {
        func names(_ path: String, _ text: String = "") -> Int { NameRules.findings(in: file(path, text)).count }
        #expect(names("Sources/A/A/A.swift", "struct RoomManager {}") == 1)
        #expect(names("Sources/A/A/A.swift", "enum StringUtils {}") == 1)
        #expect(names("Sources/A/A/RoomHelper.swift") == 1)
        #expect(names("Sources/A/Common/A.swift") == 1)
        #expect(names("Sources/A/A/A.swift", "class BaseStore {}") == 1)
        #expect(names("Sources/A/A/UnpaddedBase64.swift", "enum UnpaddedBase64 {}; struct PostgresDatabase {}") == 0)
        #expect(names("Sources/A/A/A.swift", "// a struct Helper\nlet manager = 1") == 0)
    }

    @Test func endpointsAreListedOnce() {
        let list = "Sources/Services/Sync/SyncEndpoints.swift"
        let endpoint = file(
            "Sources/Services/Sync/GetSync.swift",
            """
            struct GetSync: Endpoint {
                static let route = Route.client(.get, "/_matrix/client/v3/sync")
            }
            """)
        func count(_ listed: String, _ others: SourceFile...) -> Int {
            EndpointRules.findings(in: [endpoint, file(list, listed)] + others).count
        }
        #expect(count("Entry { GetSync(a: $0.a) },") == 0)
        #expect(count("Entry { Other() },") == 1)
        #expect(count("// GetSync(a: 1)") == 1)
        #expect(count("Entry { GetSync(a: 1) },\nEntry { GetSync(a: 2) },") == 1)
        let same = file(
            "Sources/Services/Sync/B.swift", "static let route = Route.client(\n    .get, \"/_matrix/client/v3/sync\")")
        #expect(count("GetSync()", same) == 1)
        let generic = file("Sources/Services/Sync/C.swift", "struct C<T: X>: Sendable, Endpoint {")
        #expect(count("GetSync()", generic) == 1)
    }

    @Test func routesAreComparedWithoutParameterNames() {
        func routes(_ first: String, _ second: String) -> Int {
            EndpointRules.findings(in: [
                file("Sources/Services/A/A.swift", "Route.client(.get, \"\(first)\")"),
                file("Sources/Services/A/B.swift", "Route(.get, \"\(second)\", worker: \"a\")"),
            ]).count
        }
        #expect(routes("/rooms/{roomId}/x", "/rooms/{room}/x") == 1)
        #expect(routes("/rooms/{roomId}/x", "/rooms/{roomId}/y") == 0)
    }

    @Test func tablesSayWhoWritesThem() {
        func count(_ sql: String) -> Int { SchemaRules.findings(path: "a.sql", sql: sql).count }
        let table = "CREATE TABLE room (\n    a text\n);\n"
        #expect(count(table) == 1)
        #expect(count(table + "COMMENT ON TABLE room IS 'Rooms.';") == 1)
        #expect(count(table + "COMMENT ON TABLE rooms IS 'Written by room-writer.';") == 1)
        #expect(count(table + "COMMENT ON TABLE room IS 'It''s written by room-writer.';") == 0)
        #expect(count("-- ── Rooms (written by room-writer) ──\n" + table) == 0)
        #expect(count("-- ── Rooms (written by room-writer) ──\n-- ── Other ──\n" + table) == 1)
        #expect(count("CREATE TABLE log_1 PARTITION OF log FOR VALUES") == 0)
    }
}
