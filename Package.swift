// swift-tools-version: 6.2
import PackageDescription

// One package, layered from pure to process (docs/architecture.md). A target names only what it imports;
// ArchitectureTests reads the import lines and refuses what the layers forbid.

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

func library(_ layer: String, _ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name, dependencies: dependencies,
        path: layer == "TestSupport" ? "Sources/TestSupport" : "Sources/\(layer)/\(name)", swiftSettings: strict)
}

func worker(_ name: String, service: Target.Dependency) -> Target {
    .executableTarget(
        name: name, dependencies: [service, "ClusterConfiguration", "Telemetry", "WorkerRuntime"],
        path: "Sources/Executables/\(name)", swiftSettings: strict)
}

/// - Parameter isOptimised: what tests do once need not be fast; what they test is optimised.
func tests(_ name: String, _ dependencies: [Target.Dependency], isOptimised: Bool = false) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(name)",
        swiftSettings: isOptimised ? strict : strict + [.unsafeFlags(["-Onone"])])
}

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let collections: Target.Dependency = .product(name: "Collections", package: "swift-collections")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
    name: "apus",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "apus", targets: ["apus"]),
        .executable(name: "apus-bench", targets: ["apus-bench"]),
        .executable(name: "apus-client", targets: ["apus-client"]),
        .executable(name: "apus-housekeeper", targets: ["apus-housekeeper"]),
        .executable(name: "apus-media", targets: ["apus-media"]),
        .executable(name: "apus-push", targets: ["apus-push"]),
        .executable(name: "apus-room-writer", targets: ["apus-room-writer"]),
        .executable(name: "apus-sync", targets: ["apus-sync"]),
        .executable(name: "apus-thumbnailer", targets: ["apus-thumbnailer"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // Protocol: no IO, clock or randomness.
        .target(name: "CSimdjson", path: "Sources/Protocol/CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
        library("Protocol", "Identifiers", []),
        library("Protocol", "CanonicalJSON", ["CSimdjson"]),
        library("Protocol", "Signing", ["Identifiers", "CanonicalJSON", crypto]),
        library("Protocol", "Events", ["Identifiers", "CanonicalJSON", "Signing", crypto]),
        library("Protocol", "RoomRules", ["Identifiers", "CanonicalJSON", "Signing", "Events", crypto]),
        library("Protocol", "ClientAPI", ["Identifiers", "CanonicalJSON", "Events"]),
        library("Protocol", "PushRules", ["Identifiers", "CanonicalJSON", "Events"]),

        // Platform: no Matrix.
        .systemLibrary(
            name: "CLibPQ", path: "Sources/Platform/CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(
            name: "CLibCurl", path: "Sources/Platform/CLibCurl", linkerSettings: [.linkedLibrary("curl")]),
        .target(
            name: "CArgon2", path: "Sources/Platform/CArgon2", linkerSettings: [.linkedLibrary("argon2")]),
        .target(name: "CSpawn", path: "Sources/Platform/CSpawn", cSettings: [.define("_GNU_SOURCE")]),
        .systemLibrary(
            name: "CGObject", path: "Sources/Platform/CGObject", pkgConfig: "gobject-2.0",
            providers: [.apt(["libvips-dev"])]),
        .target(
            name: "CThumbnail", dependencies: ["CGObject"], path: "Sources/Platform/CThumbnail",
            cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("vips"), .linkedLibrary("m")]),
        library("Platform", "Telemetry", [logging, metrics, coreMetrics]),
        library("Platform", "ClusterConfiguration", [yams]),
        library("Platform", "Postgres", ["CLibPQ", "Telemetry", logging, collections]),
        library(
            "Platform", "HTTPServer",
            [
                "Telemetry", hummingbird, hummingbirdCore, httpTypes, nioCore, nioPosix, nioHTTP1, logging, metrics,
                lifecycle,
                collections,
            ]),
        library("Platform", "OutboundHTTP", ["CLibCurl", "Telemetry", logging, collections]),
        library("Platform", "BlockingWork", []),
        library("Platform", "PasswordHashing", ["CArgon2", "BlockingWork"]),
        library(
            "Platform", "ObjectStorage", ["BlockingWork", "ClusterConfiguration", "OutboundHTTP", crypto, nioCore]),
        library(
            "Platform", "WorkerRuntime",
            // An event loop of the operations port's own: it answers while the others are stuck.
            ["ClusterConfiguration", "HTTPServer", "Telemetry", logging, lifecycle, nioCore, nioPosix]),

        // Storage: PostgreSQL tables, the log, leases.
        .target(
            name: "Schema", dependencies: ["Postgres", logging], path: "Sources/Storage/Schema",
            resources: [.embedInCode("Migrations")], swiftSettings: strict),
        library(
            "Storage", "Storage",
            ["Identifiers", "CanonicalJSON", "Events", "RoomRules", "ClientAPI", "Postgres", "Schema", crypto]),
        library("Storage", "Leases", ["Identifiers", "Postgres", "Storage", "Telemetry", logging, metrics]),
        library(
            "Storage", "ReplicationLog",
            ["Identifiers", "Postgres", "Storage", "Leases", "Telemetry", logging, metrics, collections]),

        // Services: one module a worker, and what they share.
        library(
            "Services", "WorkerContracts",
            [
                "Identifiers", "CanonicalJSON", "Events", "PushRules", "Signing", "OutboundHTTP", "Postgres", "Schema",
                "Storage", "Leases", "ReplicationLog", "ClusterConfiguration", "Telemetry", "WorkerRuntime", logging,
                crypto,
            ]),
        library(
            "Services", "MatrixHTTP",
            [
                "Identifiers", "CanonicalJSON", "ClientAPI", "HTTPServer", "ClusterConfiguration", "Postgres",
                "Storage",
                "WorkerContracts", "Telemetry", logging, crypto, nioCore,
            ]),
        library(
            "Services", "RoomReading",
            [
                "Identifiers", "CanonicalJSON", "ClientAPI", "Events", "PushRules", "RoomRules", "Signing", "Postgres",
                "Storage", "ReplicationLog", "Telemetry", logging, metrics, collections, crypto, nioCore,
            ]),
        library(
            "Services", "RoomWriter",
            [
                "Identifiers", "CanonicalJSON", "Events", "PushRules", "Signing", "RoomRules", "Postgres", "Schema",
                "Storage", "ReplicationLog", "Leases", "WorkerContracts", "HTTPServer", "OutboundHTTP",
                "ClusterConfiguration", "Telemetry", "WorkerRuntime", logging, metrics, collections, nioCore,
            ]),
        library(
            "Services", "Sync",
            [
                "Identifiers", "CanonicalJSON", "ClientAPI", "Events", "PushRules", "RoomRules", "Postgres", "Storage",
                "OutboundHTTP",
                "ReplicationLog", "Leases", "WorkerContracts", "MatrixHTTP", "RoomReading", "HTTPServer",
                "ClusterConfiguration", "Telemetry",
                "WorkerRuntime", logging, metrics, collections, nioCore,
            ]),
        library(
            "Services", "ClientGateway",
            [
                "Identifiers", "CanonicalJSON", "ClientAPI", "Events", "PushRules", "Signing", "RoomRules", "Postgres",
                "Storage",
                "ReplicationLog", "Leases", "WorkerContracts", "MatrixHTTP", "RoomReading", "HTTPServer",
                "PasswordHashing", "OutboundHTTP", "ClusterConfiguration", "Telemetry", "WorkerRuntime", logging,
                crypto, collections, nioCore,
            ]),
        library(
            "Services", "Housekeeper",
            [
                "Identifiers", "CanonicalJSON", "Postgres", "Schema", "Storage", "Leases", "WorkerContracts",
                "HTTPServer", "ObjectStorage", "ClusterConfiguration", "Telemetry", "WorkerRuntime", logging, metrics,
            ]),
        library(
            "Services", "Media",
            [
                "Identifiers", "CanonicalJSON", "Postgres", "Storage", "Leases", "WorkerContracts", "MatrixHTTP",
                "HTTPServer", "OutboundHTTP", "ObjectStorage", "BlockingWork", "CSpawn", "ClusterConfiguration",
                "Telemetry", "WorkerRuntime", logging, crypto, nioCore,
            ]),
        library(
            "Services", "Push",
            [
                "Identifiers", "CanonicalJSON", "Events", "PushRules", "RoomRules", "Postgres", "Storage",
                "ReplicationLog", "Leases", "WorkerContracts", "RoomReading", "HTTPServer", "OutboundHTTP",
                "ClusterConfiguration", "Telemetry", "WorkerRuntime", logging, metrics,
            ]),
        library(
            "Services", "ClusterOperations",
            [
                "Identifiers", "Signing", "Postgres", "Schema", "Storage", "Leases", "ReplicationLog",
                "WorkerContracts",
                "MatrixHTTP", "HTTPServer", "OutboundHTTP", "PasswordHashing", "ClusterConfiguration",
                "Telemetry", "WorkerRuntime", logging, lifecycle, nioCore, nioPosix,
            ]),

        // Executables: one service each; `apus` is the operator's command.
        worker("apus-room-writer", service: "RoomWriter"),
        worker("apus-sync", service: "Sync"),
        worker("apus-client", service: "ClientGateway"),
        worker("apus-housekeeper", service: "Housekeeper"),
        worker("apus-media", service: "Media"),
        // Not a worker: the media worker starts one for each thumbnail.
        .executableTarget(
            name: "apus-thumbnailer", dependencies: ["CThumbnail"], path: "Sources/Executables/apus-thumbnailer",
            swiftSettings: strict),
        worker("apus-push", service: "Push"),
        .executableTarget(
            name: "apus",
            dependencies: [
                "ClusterOperations", "ClientGateway", "Sync", "Media", "ClusterConfiguration", "HTTPServer",
                "Identifiers",
                "OutboundHTTP", "Postgres", "Schema", "Telemetry", "WorkerRuntime", argumentParser, logging,
            ],
            path: "Sources/Executables/apus", swiftSettings: strict),

        // Tests.
        // A writer that is frozen by a signal and must not write when it wakes up: for that it is a process of its own.
        .executableTarget(
            name: "apus-zombie-writer", dependencies: ["Identifiers", "Postgres", "Leases", "ReplicationLog", logging],
            path: "Tests/apus-zombie-writer", swiftSettings: strict),
        library(
            "TestSupport", "TestSupport",
            [
                "Identifiers", "CanonicalJSON", "Events", "Signing", "RoomRules", "Postgres", "Schema", "Storage",
                logging,
                nioCore, nioPosix,
            ]),
        .target(
            name: "WriterTestSupport",
            dependencies: [
                "TestSupport", "Identifiers", "Signing", "Postgres", "OutboundHTTP", "Leases", "WorkerContracts",
                "RoomWriter",
            ],
            path: "Sources/WriterTestSupport", swiftSettings: strict),
        .target(
            name: "ClusterHarness",
            dependencies: [
                "TestSupport", "Identifiers", "CanonicalJSON", "Events", "Signing", "RoomRules", "Postgres", "Schema",
                "Storage", "ReplicationLog", "MatrixHTTP", "OutboundHTTP", logging, histogram, collections,
            ],
            path: "Sources/ClusterHarness", swiftSettings: strict),
        .executableTarget(
            name: "apus-bench",
            dependencies: [
                "CanonicalJSON", "ClusterHarness", "TestSupport", "WriterTestSupport", "Identifiers", "Signing",
                "Postgres", "OutboundHTTP", "WorkerContracts", hummingbird, argumentParser,
            ],
            path: "Sources/Executables/apus-bench",
            swiftSettings: strict),
        // Reads the whole tree.
        tests("ArchitectureTests", [], isOptimised: true),
        tests("RoomRulesTests", ["Identifiers", "CanonicalJSON", "Signing", "Events", "RoomRules", crypto]),
        tests("LeasesTests", ["Identifiers", "Postgres", "Storage", "Leases", logging]),
        tests(
            "ReplicationLogTests",
            ["Identifiers", "Postgres", "Schema", "Storage", "Leases", "ReplicationLog"]),
        tests(
            "SimulationTests", ["Identifiers", "Postgres", "Storage", "Leases", "ReplicationLog", logging, collections]),
        tests(
            "RoomWriterTests",
            [
                "Identifiers", "CanonicalJSON", "Events", "Signing", "RoomRules", "Postgres", "Schema", "Storage",
                "Leases", "ReplicationLog", "WorkerContracts", "RoomWriter", "HTTPServer", "OutboundHTTP",
                "ClusterConfiguration", "WorkerRuntime", "WriterTestSupport", logging,
            ]),
        tests(
            "RoomReadingTests",
            [
                "Identifiers", "CanonicalJSON", "ClientAPI", "Events", "Signing", "RoomRules", "Postgres", "Storage",
                "ReplicationLog", "RoomReading", logging, nioCore,
            ]),
        tests(
            "SyncTests",
            [
                "Identifiers", "CanonicalJSON", "ClientAPI", "Events", "RoomRules", "Postgres", "Storage",
                "Leases", "ReplicationLog", "WorkerContracts", "MatrixHTTP", "RoomReading", "HTTPServer",
                "OutboundHTTP", "PushRules", "RoomWriter", "WriterTestSupport", "Sync", nioCore,
            ]),
        tests(
            "ClusterOperationsTests",
            [
                "ClusterOperations", "ClientGateway", "Sync", "Media", "Leases", "Storage", "Identifiers",
                "OutboundHTTP",
                "ClusterConfiguration", "HTTPServer", "Postgres", nioCore, nioPosix,
            ]),
        tests(
            "PlatformTests",
            [
                "HTTPServer", "WorkerRuntime", "ClusterConfiguration", "Telemetry", "OutboundHTTP", "BlockingWork",
                nioCore, nioPosix,
            ]),
        tests("MatrixHTTPTests", ["MatrixHTTP", "HTTPServer", "Identifiers", "CanonicalJSON", "Postgres", logging]),
        tests(
            "ClusterTests",
            [
                "ClusterHarness", "Signing", "RoomRules", "Storage", "Identifiers", "CanonicalJSON", "Events",
                "Postgres", "OutboundHTTP", logging,
            ]),
        tests("IdentifiersTests", ["Identifiers"]),
        tests("CanonicalJSONTests", ["CanonicalJSON"]),
        tests("PostgresTests", ["Postgres", logging]),
        tests("SchemaTests", ["Postgres", "Schema", logging]),
        tests("StateTreeTests", ["Identifiers", "Events"]),
        tests("SigningTests", ["Identifiers", "CanonicalJSON", "Signing"]),
        tests("EventsTests", ["Identifiers", "CanonicalJSON", "Signing", "Events"]),
        tests("PushRulesTests", ["Identifiers", "CanonicalJSON", "Events", "PushRules"]),
        tests("PasswordHashingTests", ["PasswordHashing"]),
        tests("OutboundHTTPTests", ["OutboundHTTP"]),
        tests(
            "WorkerContractsTests",
            ["Identifiers", "CanonicalJSON", "Postgres", "Leases", "OutboundHTTP", "WorkerContracts", logging]),
        tests(
            "HousekeeperTests",
            [
                "Identifiers", "CanonicalJSON", "RoomRules", "Postgres", "Schema", "Storage", "Leases", "Housekeeper",
                "WorkerContracts", "ClusterConfiguration", "WorkerRuntime",
            ]),
        tests(
            "MediaTests",
            [
                "Identifiers", "CanonicalJSON", "Postgres", "Storage", "HTTPServer", "MatrixHTTP", "OutboundHTTP",
                "ObjectStorage", "WorkerContracts", "Media", "Housekeeper", "ClusterConfiguration", "WorkerRuntime",
                nioCore, nioPosix,
            ]),
        tests(
            "PushTests",
            [
                "Identifiers", "CanonicalJSON", "Events", "PushRules", "RoomRules", "Postgres", "Schema", "Storage",
                "Leases", "ReplicationLog", "WorkerContracts", "RoomReading", "OutboundHTTP", "WriterTestSupport",
                "Push", logging,
            ]),
        tests("AccountStorageTests", ["Identifiers", "CanonicalJSON", "Postgres", "Storage"]),
        tests(
            "ClientGatewayTests",
            [
                "Identifiers", "CanonicalJSON", "Events", "RoomRules", "Signing", "Postgres", "Storage",
                "ReplicationLog", "WorkerContracts", "HTTPServer", "MatrixHTTP", "OutboundHTTP",
                "PasswordHashing",
                "RoomReading", "WriterTestSupport", "ClientGateway", "ClusterConfiguration", crypto,
            ]),
    ]
)
