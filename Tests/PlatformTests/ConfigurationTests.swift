import ClusterConfiguration
import Foundation
import Testing

struct ConfigurationTests {
    private static let complete = [
        "APUS_SERVER_NAME": "example.org", "APUS_DATABASE_URL": "postgresql://x", "APUS_CLUSTER_SECRET": "secret",
        "APUS_SIGNING_KEY_PATH": "/key",
    ]

    private static func problems(_ environment: [String: String]) -> [String] {
        do {
            _ = try WorkerConfiguration(environment: environment)
            return []
        } catch {
            return error.problems
        }
    }

    private static func withFile(_ yaml: String, _ body: (String) throws -> Void) throws {
        let path = "/tmp/apus-configuration-\(UInt32.random(in: 0 ... .max)).yaml"
        try yaml.write(toFile: path, atomically: true, encoding: .utf8)
        defer { unlink(path) }
        try body(path)
    }

    @Test func everythingWrongIsReportedAtOnce() {
        let problems = Self.problems([
            "APUS_DATABASE_SHARED_CONNECTIONS": "0", "APUS_REGISTRATION_MODE": "maybe", "APUS_LISTEN_PUBLIC": "nowhere",
            "APUS_FEED_ENABLED": "perhaps",
        ])
        for key in [
            "server.name", "database.url", "cluster.secret", "signing.key_path", "database.shared_connections",
            "registration.mode", "listen.public", "feed.enabled",
        ] {
            #expect(problems.contains { $0.contains(key) }, "\(key) is not among \(problems)")
        }
    }

    @Test func theEnvironmentOverridesTheFile() throws {
        try Self.withFile("database:\n  shared_connections: 4\nlog.level: debug\n") { path in
            var environment = Self.complete
            environment["APUS_CONFIG"] = path
            environment["APUS_DATABASE_SHARED_CONNECTIONS"] = "7"
            let configuration = try WorkerConfiguration(environment: environment)
            #expect(configuration.databaseSharedConnections == 7)
            #expect(configuration.logLevel == .debug)
        }
    }

    @Test func filesAreInAFolderOrABucket() throws {
        var environment = Self.complete
        #expect(try WorkerConfiguration(environment: environment).media.store == nil)
        environment["APUS_MEDIA_FOLDER_PATH"] = "/files"
        guard case .folder("/files") = try WorkerConfiguration(environment: environment).media.store else {
            Issue.record("no folder")
            return
        }
        environment["APUS_MEDIA_S3_BUCKET"] = "bucket"
        #expect(Self.problems(environment).contains { $0.contains("media.s3_endpoint") })
        environment["APUS_MEDIA_S3_ENDPOINT"] = "https://s3.example"
        environment["APUS_MEDIA_S3_ACCESS_KEY_ID"] = "key"
        environment["APUS_MEDIA_S3_SECRET_ACCESS_KEY"] = "hush"
        environment["APUS_MEDIA_USER_MEBIBYTES_MAX"] = "3"
        let media = try WorkerConfiguration(environment: environment).media
        guard case .s3(let settings) = media.store else {
            Issue.record("no bucket")
            return
        }
        #expect(settings.bucket == "bucket" && settings.region == "us-east-1")
        #expect(!"\(settings)".contains("hush"))
        #expect(media.userBytesMax == 3 << 20)
    }

    @Test func aKeyNobodyKnowsIsAProblem() throws {
        try Self.withFile("databse:\n  url: x\n") { path in
            var environment = Self.complete
            environment["APUS_CONFIG"] = path
            #expect(Self.problems(environment).contains { $0.contains("databse.url") })
        }
    }

    @Test(arguments: ["a: [", "/nowhere/at/all"]) func aFileThatCannotBeReadIsAProblem(content: String) throws {
        if content.hasPrefix("/") {
            #expect(Self.problems(Self.complete.merging(["APUS_CONFIG": content]) { $1 }).count >= 1)
        } else {
            try Self.withFile(content) { path in
                #expect(Self.problems(Self.complete.merging(["APUS_CONFIG": path]) { $1 }).count >= 1)
            }
        }
    }

    @Test func secretsComeFromFilesAndNeverShow() throws {
        try Self.withFile("topsecret\n") { path in
            var environment = Self.complete
            environment["APUS_CLUSTER_SECRET"] = nil
            environment["APUS_CLUSTER_SECRET_PATH"] = path
            let configuration = try WorkerConfiguration(environment: environment)
            #expect(configuration.clusterSecret.exposed == "topsecret")
            var dumped = ""
            dump(configuration, to: &dumped)
            #expect(!dumped.contains("topsecret"))
            #expect(!"\(configuration)".contains("topsecret"))
            #expect(!String(reflecting: configuration.clusterSecret).contains("topsecret"))
        }
    }

    @Test(arguments: ["1", "32"]) func numbersAtTheirBoundsAreTaken(text: String) throws {
        let environment = Self.complete.merging(["APUS_DATABASE_SHARED_CONNECTIONS": text]) { $1 }
        #expect(String(try WorkerConfiguration(environment: environment).databaseSharedConnections) == text)
    }

    @Test(arguments: ["0", "33", "-1", "1.5", "one", ""]) func numbersBeyondThemAreNot(text: String) {
        let environment = Self.complete.merging(["APUS_DATABASE_SHARED_CONNECTIONS": text]) { $1 }
        #expect(Self.problems(environment).count == 1)
    }

    @Test(arguments: ["a:65536", "a:-1", "a", ":x", "a:"]) func whatIsNoAddressIsNotTaken(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test func addressesAreTakenWithTheirLastColon() {
        #expect(ListenAddress("127.0.0.1:0") == ListenAddress(host: "127.0.0.1", port: 0))
        #expect(ListenAddress("::1:80") == ListenAddress(host: "::1", port: 80))
    }
}
