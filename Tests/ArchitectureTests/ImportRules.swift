/// Who may import whom (design.md, "Modules"): layers from pure to process, and what only some may touch.
///
/// SwiftPM lets a target import what its dependencies depend on, so the import lines are read here.
struct ImportRules {
    static let protocolModules: Set<String> = [
        "Identifiers", "CanonicalJSON", "Signing", "Events", "RoomRules", "ClientAPI", "PushRules",
    ]
    static let platformModules: Set<String> = [
        "Telemetry", "ClusterConfiguration", "Postgres", "HTTPServer", "OutboundHTTP", "BlockingWork", "ObjectStorage",
        "PasswordHashing", "WorkerRuntime",
    ]
    static let storageModules: Set<String> = ["Schema", "Storage", "Leases", "ReplicationLog"]
    /// What services share: they may be imported by other services.
    static let sharedServices: Set<String> = ["WorkerContracts", "MatrixHTTP", "RoomReading"]
    static let services: Set<String> = [
        "RoomWriter", "Sync", "ClientGateway", "Housekeeper", "Media", "Push", "ClusterOperations",
    ]
    static let testLibraries: Set<String> = ["TestSupport", "WriterTestSupport", "ClusterHarness"]

    static let all = protocolModules.union(platformModules).union(storageModules).union(sharedServices)
        .union(services).union(testLibraries)

    /// Modules below a module that it may import, beside what the layers say.
    static let within: [String: Set<String>] = [
        "Identifiers": [], "CanonicalJSON": [], "Signing": ["Identifiers", "CanonicalJSON"],
        "Events": ["Identifiers", "CanonicalJSON", "Signing"],
        "RoomRules": ["Identifiers", "CanonicalJSON", "Signing", "Events"],
        "ClientAPI": ["Identifiers", "CanonicalJSON", "Events"],
        "PushRules": ["Identifiers", "CanonicalJSON", "Events"],
        "Schema": ["Postgres"],
        "Storage": protocolModules.union(platformModules).union(["Schema"]),
        "Leases": protocolModules.union(platformModules).union(["Storage"]),
        "ReplicationLog": protocolModules.union(platformModules).union(["Storage", "Leases"]),
        "WorkerContracts": protocolModules.union(platformModules).union(storageModules),
        "MatrixHTTP": protocolModules.union(platformModules).union(storageModules).union(["WorkerContracts"]),
        "RoomReading": protocolModules.union(platformModules).union(storageModules),
        "TestSupport": all.subtracting(testLibraries),
        "WriterTestSupport": all.subtracting(testLibraries).union(["TestSupport"]),
        "ClusterHarness": all.subtracting(["ClusterHarness"]),
    ]

    /// What a target of the package may import of the package.
    static func allowed(for module: String) -> Set<String> {
        if let listed = within[module] { return listed }
        if platformModules.contains(module) { return platformModules.subtracting([module]) }
        // A service: everything below, and what services share.
        if services.contains(module) {
            return protocolModules.union(platformModules).union(storageModules).union(sharedServices)
        }
        return executables[module] ?? []
    }

    private static let worker: Set<String> = ["ClusterConfiguration", "Telemetry", "WorkerRuntime"]

    /// An executable starts one service; the operator's command also knows the routes of those it makes a router for.
    static let executables: [String: Set<String>] = [
        "apus-room-writer": worker.union(["RoomWriter"]), "apus-sync": worker.union(["Sync"]),
        "apus-client": worker.union(["ClientGateway"]), "apus-housekeeper": worker.union(["Housekeeper"]),
        "apus-media": worker.union(["Media"]), "apus-thumbnailer": [], "apus-push": worker.union(["Push"]),
        "apus": platformModules.union(["ClusterOperations", "ClientGateway", "Sync", "Media", "Schema", "Identifiers"]),
        // The bench compares with what lies below: bare inserts, bare polls, a room-writer without the way to it.
        "apus-bench": [
            "ClusterHarness", "TestSupport", "WriterTestSupport", "Identifiers", "CanonicalJSON", "Signing", "Postgres",
            "OutboundHTTP", "HTTPServer", "WorkerContracts",
        ],
    ]

    /// Modules from outside that only some may import.
    static let reserved: [String: Set<String>] = [
        "CLibPQ": ["Postgres"], "CLibCurl": ["OutboundHTTP"], "CArgon2": ["PasswordHashing"],
        "CSimdjson": ["CanonicalJSON"], "CThumbnail": ["apus-thumbnailer"], "CSpawn": ["Media"],
        // Sockets. ByteBuffer, of NIOCore, is what bodies are; Package.swift says who has it.
        "NIOPosix": ["HTTPServer", "WorkerRuntime", "ClusterOperations", "TestSupport"], "NIOHTTP1": ["HTTPServer"],
        "Hummingbird": ["HTTPServer", "apus-bench"], "HummingbirdCore": ["HTTPServer"],
        "Yams": ["ClusterConfiguration"], "ArgumentParser": ["apus", "apus-bench"],
        "Foundation": ["TestSupport", "ClusterHarness", "apus", "apus-bench"], "FoundationNetworking": [], "NIO": [],
        "XCTest": [],
    ]

    /// The only modules from outside that Protocol knows: no IO, no clock, no randomness.
    static let protocolOutside: [String: Set<String>] = [
        "Crypto": ["Signing", "Events", "RoomRules"], "CSimdjson": ["CanonicalJSON"],
        // For the counter that numbers tree nodes; clocks are refused by their names.
        "Synchronization": ["Events"],
    ]

    /// The constants in Package.swift by the module of their product.
    static let productModules: [String: String] = [
        "crypto": "Crypto", "hummingbird": "Hummingbird", "hummingbirdCore": "HummingbirdCore",
        "httpTypes": "HTTPTypes", "nioCore": "NIOCore", "nioPosix": "NIOPosix", "nioHTTP1": "NIOHTTP1",
        "logging": "Logging", "metrics": "Metrics", "coreMetrics": "CoreMetrics", "lifecycle": "ServiceLifecycle",
        "argumentParser": "ArgumentParser", "yams": "Yams", "collections": "Collections", "histogram": "Histogram",
    ]

    let manifest: PackageManifest

    /// The target a source file belongs to, by its path.
    static func module(of path: String) -> String? {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count > 2, parts[0] == "Sources" else { return nil }
        return testLibraries.contains(parts[1]) ? parts[1] : parts[2]
    }

    func findings(in file: SourceFile) -> [Finding] {
        guard let module = Self.module(of: file.path) else { return [] }
        return file.imports.compactMap { imported, line in
            problem(module, imported).map { Finding(rule: "import", path: file.path, line: line, message: $0) }
        }
    }

    private func problem(_ module: String, _ imported: String) -> String? {
        if Self.all.contains(imported) || Self.executables[imported] != nil {
            guard Self.allowed(for: module).contains(imported) else {
                return "\(module) may not import \(imported): see the layers in docs/architecture.md."
            }
            guard manifest.targets[module]?.targets.contains(imported) ?? false else {
                return "\(module) imports \(imported); name it in Package.swift."
            }
            return nil
        }
        if Self.protocolModules.contains(module), Self.protocolOutside[imported]?.contains(module) != true {
            return "Protocol is pure: \(module) may not import \(imported)."
        }
        if let allowed = Self.reserved[imported], !allowed.contains(module) {
            let instead = imported == "Foundation" ? "import FoundationEssentials." : "ask a module that has it."
            return "\(module) may not import \(imported); \(instead)"
        }
        let declared = manifest.targets[module]?.products.compactMap { Self.productModules[$0] } ?? []
        if Self.productModules.values.contains(imported), !declared.contains(imported) {
            return "\(module) imports \(imported); name its product in Package.swift."
        }
        return nil
    }
}
