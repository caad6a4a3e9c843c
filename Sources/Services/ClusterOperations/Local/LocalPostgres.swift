import FoundationEssentials
import Glibc
import Postgres

/// A PostgreSQL of the cluster's own, in its state folder, on a port of loopback.
///
/// PostgreSQL refuses to run as root; then it runs as the user `postgres`, and its data lies where that user can go.
package struct LocalPostgres: Sendable {
    package enum Problem: Error, CustomStringConvertible {
        case noPrograms
        case noUser
        case noPort
        case failed(String, output: String)
        case doesNotAnswer

        package var description: String {
            switch self {
            case .noPrograms: "PostgreSQL is not installed: there is no initdb under /usr/lib/postgresql or in PATH"
            case .noUser: "PostgreSQL does not run as root, and there is no user 'postgres' to run it as"
            case .noPort: "there is no free port on 127.0.0.1"
            case .failed(let command, let output): "\(command) failed:\n\(output)"
            case .doesNotAnswer: "PostgreSQL does not answer; what it says is above"
            }
        }
    }

    static let databaseUser = "apus"
    /// How long it may take to answer after a start, with recovery after a crash.
    static let startMax = Duration.seconds(60)

    /// The folder of its data.
    let folder: String
    let port: Int
    let password: String
    private let programs: String
    private let user: String?
    private let settings: [String]

    package var url: String {
        "postgresql://\(Self.databaseUser):\(password)@127.0.0.1:\(port)/postgres"
    }

    private var data: String { folder + "/data" }

    /// Chooses folder and port, and makes the data when there are none.
    ///
    /// - Parameters:
    ///   - connectionsMax: `max_connections` of the server.
    ///   - settings: more of the server's settings, `name=value`.
    package static func prepare(
        in state: StateDirectory, connectionsMax: Int, settings: [String]
    ) async throws -> LocalPostgres {
        guard let programs = findPrograms() else { throw Problem.noPrograms }
        let user = geteuid() == 0 ? "postgres" : nil
        let folder = try makeFolder(in: state, for: user)
        guard let port = FreePort.find() else { throw Problem.noPort }
        let server = LocalPostgres(
            folder: folder, port: port, password: try state.secret("postgres"), programs: programs, user: user,
            settings: ["max_connections=\(connectionsMax)"] + settings)
        try await server.makeData()
        return server
    }

    /// The server as a process in the foreground; its log is its output.
    package var command: ProcessCommand {
        let all =
            [
                "listen_addresses=127.0.0.1", "unix_socket_directories=", "logging_collector=off",
                "log_min_messages=warning", "shared_buffers=128MB", "max_wal_size=2GB", "wal_compression=on",
                "random_page_cost=1.1",
            ] + settings
        return ProcessCommand(
            programs + "/postgres", ["-D", data, "-p", String(port)] + all.flatMap { ["-c", $0] },
            environment: environment, user: user, orphanSignal: .interrupt)
    }

    /// Waits until it takes statements.
    package static func waitUntilReady(_ database: PostgresDatabase, stop: StopRequest) async throws {
        let deadline = ContinuousClock.now + startMax
        while true {
            do {
                try await database.query("SELECT 1")
                return
            } catch {
                guard ContinuousClock.now < deadline else { throw Problem.doesNotAnswer }
                try await stop.pause(.milliseconds(100))
            }
        }
    }

    private func makeData() async throws {
        guard !FileManager.default.fileExists(atPath: data + "/PG_VERSION") else { return }
        let passwordFile = folder + "/password"
        try (password + "\n").write(toFile: passwordFile, atomically: false, encoding: .utf8)
        defer { unlink(passwordFile) }
        if let user { try Self.giveAway(passwordFile, to: user) }
        chmod(passwordFile, 0o600)
        let arguments = [
            "-D", data, "-U", Self.databaseUser, "-A", "scram-sha-256", "--pwfile", passwordFile, "-E", "UTF8",
            "--locale=C.UTF-8",
        ]
        try await run(ProcessCommand(programs + "/initdb", arguments, environment: environment, user: user))
    }

    private func run(_ command: ProcessCommand) async throws {
        let lines = CollectedLines()
        let exit = try await ChildProcess.start(command) { lines.append($0) }.exit()
        guard exit.isSuccess else { throw Problem.failed(command.executable, output: lines.text) }
    }

    private var environment: [String: String] { ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"] }

    // MARK: Where and as whom

    private static func makeFolder(in state: StateDirectory, for user: String?) throws -> String {
        guard let user else {
            let folder = state.path + "/postgres"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            return folder
        }
        // Root's own folders are closed to others; then the data goes where services keep theirs.
        let isOpen = isOpenToAll(state.path)
        let folder = isOpen ? state.path + "/postgres" : "/var/lib/apus/" + state.path.replacing("/", with: "_")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try giveAway(folder, to: user)
        chmod(folder, 0o700)
        return folder
    }

    private static func isOpenToAll(_ path: String) -> Bool {
        var current = path
        while current != "/" && !current.isEmpty {
            var status = stat()
            guard stat(current, &status) == 0, status.st_mode & 0o001 != 0 else { return false }
            current = String(current[..<(current.lastIndex(of: "/") ?? current.startIndex)])
        }
        return true
    }

    private static func giveAway(_ path: String, to user: String) throws {
        guard let entry = getpwnam(user) else { throw Problem.noUser }
        guard chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
            throw Problem.failed("chown \(path)", output: String(cString: strerror(errno)))
        }
    }

    private static func findPrograms() -> String? {
        let root = "/usr/lib/postgresql"
        // No such folder is an answer too: then only PATH counts.
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let packaged = versions.compactMap(Int.init).sorted(by: >).map { "\(root)/\($0)/bin" }
        let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (packaged + paths).first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
    }
}
