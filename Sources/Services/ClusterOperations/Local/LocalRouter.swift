import ClusterConfiguration
import FoundationEssentials
import Glibc
import HTTPServer

/// The router of a local cluster: HAProxy in the foreground.
struct LocalRouter: Sendable {
    enum Problem: Error, CustomStringConvertible {
        case notInstalled
        case portTaken(ListenAddress)
        case doesNotAnswer
        case refused(String)

        var description: String {
            switch self {
            case .notInstalled: "HAProxy is not installed"
            case .portTaken(let address): "somebody listens on \(address) already; choose another --port"
            case .doesNotAnswer: "the router does not answer; what it says is above"
            case .refused(let output): "the router refuses its configuration:\n\(output)"
            }
        }
    }

    static let startMax = Duration.seconds(10)

    let settings: RouterSettings
    private let program: String
    private let configurationPath: String

    /// Chooses the port and writes the configuration.
    init(routes: [Route], state: StateDirectory, options: LocalClusterOptions) throws {
        guard let program = Self.findProgram() else { throw Problem.notInstalled }
        self.program = program
        var listen = options.listen
        if listen.port == 0 { listen = ListenAddress(host: listen.host, port: FreePort.find() ?? 0) }
        guard listen.port != 0, FreePort.isFree(listen.port) else { throw Problem.portTaken(listen) }
        settings = RouterSettings(
            listen: listen, socketPath: state.routerSocketPath, directory: state.path,
            connectionsMax: RouterSettings.connectionsMax(openFiles: Self.openFilesMax()),
            hasInitialPool: options.counts[.initialSync] > 0)
        configurationPath = state.routerConfigurationPath
        let configuration = RouterConfiguration(routes: routes, settings: settings)
        try state.write(configuration.text, to: "haproxy.cfg")
        try state.write(RouterAnswers.shed, to: "shed.http")
    }

    var command: ProcessCommand {
        ProcessCommand(program, ["-db", "-q", "-f", configurationPath], environment: ["PATH": "/usr/bin:/bin"])
    }

    /// Has HAProxy read the configuration without serving it.
    func check() async throws {
        let lines = CollectedLines()
        let command = ProcessCommand(
            program, ["-c", "-f", configurationPath], environment: ["PATH": "/usr/bin:/bin"])
        let exit = try await ChildProcess.start(command) { lines.append($0) }.exit()
        guard exit.isSuccess else { throw Problem.refused(lines.text) }
    }

    var publicURL: String {
        let host = settings.listen.host == "127.0.0.1" ? "localhost" : settings.listen.host
        return "http://\(host):\(settings.listen.port)"
    }

    var socket: RouterSocket { RouterSocket(path: settings.socketPath) }

    func waitUntilReady(stop: StopRequest) async throws {
        let deadline = ContinuousClock.now + Self.startMax
        while true {
            do {
                _ = try await socket.servers()
                return
            } catch {
                guard ContinuousClock.now < deadline else { throw Problem.doesNotAnswer }
                try await stop.pause(.milliseconds(50))
            }
        }
    }

    private static func openFilesMax() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        return Int(min(limit.rlim_max, 1_000_000))
    }

    private static func findProgram() -> String? {
        let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (["/usr/sbin", "/usr/local/sbin"] + paths).map { $0 + "/haproxy" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
