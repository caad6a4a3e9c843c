import Foundation
import ObjectStorage
import OutboundHTTP
import TestSupport
import Testing

/// A real S3 server of the tests' own: moto's, from PyPI, which checks signatures.
///
/// It ends with this process, because its input does.
actor S3Server {
    struct DidNotStart: Error, CustomStringConvertible {
        let output: String
        var description: String { "tools/s3-test-server did not start, see Tests/Clients/requirements.txt: \(output)" }
    }

    static let shared = S3Server()

    private struct Running {
        let process: ChildProcess
        let port: Int
        let key: String
        let secret: String
    }

    private var running: Running?

    /// A store in the server's bucket.
    ///
    /// - Parameter secret: instead of the right one.
    func store(spool: String, secret: String? = nil) async throws -> S3ObjectStore {
        let server = try await started()
        let configuration = try #require(
            S3Configuration(
                endpoint: "http://127.0.0.1:\(server.port)", region: "us-east-1", bucket: "media", prefix: "files",
                accessKeyID: server.key, secretAccessKey: secret ?? server.secret))
        return S3ObjectStore(configuration: configuration, spool: Spool(folder: spool), client: HTTPClient())
    }

    /// One test starts it, one after the other.
    private func started() async throws -> Running {
        if let running { return running }
        let python = ProcessInfo.processInfo.environment["APUS_TEST_PYTHON"] ?? ".venv/bin/python"
        let process = try ChildProcess.start(python, ["tools/s3-test-server"])
        let line = try await process.line(beginning: "ready ", within: .seconds(60))
        let words = line?.split(separator: " ").map(String.init) ?? []
        guard words.count == 4, let port = Int(words[1]) else {
            throw DidNotStart(output: process.lines.joined(separator: "\n"))
        }
        let started = Running(process: process, port: port, key: words[2], secret: words[3])
        running = started
        return started
    }
}

/// What a file of this machine holds.
func contents(of file: LocalFile) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file.path)))
}

/// What is in a folder; nothing when it is not there.
func entries(of folder: String) -> [String] {
    // No folder yet: nothing is in it.
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
}
