import Foundation
import Glibc

/// A PostgreSQL server of a test's own, to be stopped, restarted, and set back in time.
///
/// It runs in a temporary folder as a user that is not root, listens on loopback and trusts everybody there.
public final class PrivatePostgres: Sendable {
    public enum StopMode: String, Sendable { case smart, fast, immediate }

    public enum Failure: Error, CustomStringConvertible {
        case noServerPrograms
        case noFreePort
        case command(String, output: String)

        public var description: String {
            switch self {
            case .noServerPrograms: "initdb is neither in PATH nor under /usr/lib/postgresql"
            case .noFreePort: "there is no free port on loopback"
            case .command(let command, let output): "\(command) failed: \(output)"
            }
        }
    }

    public let port: UInt16
    public let directory: String
    public var url: String { "postgresql://postgres@127.0.0.1:\(port)/postgres" }
    private let programs: String
    private var data: String { directory + "/data" }

    private init(port: UInt16, directory: String, programs: String) {
        self.port = port
        self.directory = directory
        self.programs = programs
    }

    /// Runs `body` with a started server that is removed afterwards.
    @discardableResult
    public static func with<Result: Sendable>(_ body: (PrivatePostgres) async throws -> Result) async throws -> Result {
        let server = try await create()
        do {
            try await server.start()
            let result = try await body(server)
            try await server.remove()
            return result
        } catch {
            try await server.remove()
            throw error
        }
    }

    /// Makes the cluster, not yet started.
    public static func create() async throws -> PrivatePostgres {
        guard let programs = findPrograms() else { throw Failure.noServerPrograms }
        guard let port = Loopback.freePort() else { throw Failure.noFreePort }
        let server = PrivatePostgres(
            port: port, directory: "/tmp/apus-private-\(UInt64.random(in: 0 ... .max))", programs: programs)
        try await server.run("mkdir -m 700 '\(server.directory)'")
        try await server.run(
            "'\(programs)/initdb' -D '\(server.data)' -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync")
        return server
    }

    /// Starts the server and waits until it answers.
    public func start() async throws {
        // Without fsync: a killed server's writes are the kernel's, only a machine's crash would lose them.
        let options =
            "-p \(port) -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=50"
        try await run("'\(programs)/pg_ctl' start -w -t 30 -D '\(data)' -l '\(directory)/log' -o '\(options)'")
    }

    /// `.fast` ends sessions and shuts down cleanly; `.immediate` is a crash.
    public func stop(_ mode: StopMode) async throws {
        try await run("'\(programs)/pg_ctl' stop -w -t 30 -D '\(data)' -m \(mode.rawValue)")
    }

    public func restart(_ mode: StopMode = .fast) async throws {
        try await stop(mode)
        try await start()
    }

    /// Copies the running server's data, to be given to ``restore(_:)``; returns the copy's folder.
    public func baseBackup() async throws -> String {
        let copy = "\(directory)/backup-\(UInt32.random(in: 0 ... .max))"
        try await run(
            "'\(programs)/pg_basebackup' -h 127.0.0.1 -p \(port) -U postgres -D '\(copy)' -X stream -c fast --no-sync")
        return copy
    }

    /// Crashes the server and starts it from a backup, as a recovery without the log's tail does: what was committed
    /// since is gone, the system identifier stays, the timeline is a new one.
    public func restore(_ backup: String) async throws {
        try await putBack(backup, signal: "recovery.signal")
        try await start()
    }

    /// Restores as a stand-by takes over when the primary is gone: it comes up reading, then is promoted.
    ///
    /// Its control file tells the new timeline only after the next checkpoint.
    public func promote(_ backup: String) async throws {
        try await putBack(backup, signal: "standby.signal")
        try await start()
        try await run("'\(programs)/pg_ctl' promote -w -t 30 -D '\(data)'")
    }

    /// Crashes the server and puts back the files of a stopped one: nothing tells that time has gone back.
    public func putBackFiles(_ copy: String) async throws {
        try await stop(.immediate)
        try await run("rm -rf '\(data)' && cp -a '\(copy)' '\(data)'")
        try await start()
    }

    /// Copies the files of the stopped server; returns the copy's folder.
    public func copyFiles() async throws -> String {
        let copy = "\(directory)/copy-\(UInt32.random(in: 0 ... .max))"
        try await run("cp -a '\(data)' '\(copy)'")
        return copy
    }

    private func putBack(_ backup: String, signal: String) async throws {
        try await stop(.immediate)
        try await run("rm -rf '\(data)' && cp -a '\(backup)' '\(data)'")
        try await run(
            "touch '\(data)/\(signal)' && echo \"restore_command = 'false'\" >> '\(data)/postgresql.auto.conf'")
    }

    /// Stops the server if it runs and removes its files.
    public func remove() async throws {
        // A server that is stopped already makes pg_ctl fail; the files go in any case.
        try await run("'\(programs)/pg_ctl' stop -w -t 30 -D '\(data)' -m immediate || true; rm -rf '\(directory)'")
    }

    // MARK: Commands

    /// The longest a command may take.
    private static let commandMax = Duration.seconds(60)

    /// As root, PostgreSQL's programs are run as `postgres`, because they refuse root.
    ///
    /// Their output goes to a file: the server inherits it and would hold a pipe open.
    private func run(_ command: String) async throws {
        let output = "/tmp/apus-private-output-\(UInt64.random(in: 0 ... .max))"
        let logged = "cd /tmp; { \(command); } > '\(output)' 2>&1"
        let isRoot = geteuid() == 0
        let child = try ChildProcess.start(
            isRoot ? "/bin/su" : "/bin/sh", (isRoot ? ["postgres", "-s", "/bin/sh"] : []) + ["-c", logged])
        let status = try await child.end(within: Self.commandMax)
        // No file is there when not even the shell came up.
        let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
        unlink(output)
        guard status == 0 else { throw Failure.command(command, output: text) }
    }

    private static func findPrograms() -> String? {
        let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let root = "/usr/lib/postgresql"
        // No such folder is an answer too: then only PATH counts.
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let packaged = versions.compactMap(Int.init).sorted(by: >).map { "\(root)/\($0)/bin" }
        return (packaged + paths).first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
    }
}
