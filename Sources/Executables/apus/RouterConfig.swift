import ArgumentParser
import ClusterConfiguration
import ClusterOperations
import Foundation

/// Writes the router's configuration.
struct RouterConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "router-config",
        abstract: "Prints HAProxy's configuration, made from the routes in the code, or writes it with its files.")

    @Option(help: "Where clients connect.")
    var listen = "0.0.0.0:8008"
    @Option(help: "Where the router's metrics are.")
    var operations: String?
    @Option(help: "HAProxy's runtime socket.")
    var socket = "/run/apus/haproxy.sock"
    @Option(help: "Clients at once; HAProxy must be allowed twice as many files, and a hundred.")
    var connectionsMax = 8_000
    @Option(help: "The folder the configuration will be in.")
    var directory = "/etc/apus/router"
    @Option(
        help: "A network of load balancers in front that say whom they forward for, as 10.0.0.0/8; may be repeated.")
    var trustedProxy: [String] = []
    @Flag(help: "The cluster has no workers of the initial pool.")
    var withoutInitialPool = false
    @Flag(help: "Write haproxy.cfg and its files into the folder instead of printing.")
    var write = false

    func run() throws {
        guard let listen = ListenAddress(listen) else { throw ValidationError("--listen takes HOST:PORT") }
        guard trustedProxy.allSatisfy(RouterSettings.isNetwork) else {
            throw ValidationError("--trusted-proxy takes an address or a network")
        }
        let settings = RouterSettings(
            listen: listen, operations: operations.flatMap(ListenAddress.init), socketPath: socket,
            directory: directory,
            connectionsMax: connectionsMax, hasInitialPool: !withoutInitialPool, trustedProxies: trustedProxy)
        let configuration = RouterConfiguration(routes: Routes.all, settings: settings)
        guard write else { return print(configuration.text, terminator: "") }
        for (path, content) in configuration.files + [(directory + "/haproxy.cfg", configuration.text)] {
            try content.write(toFile: path, atomically: true, encoding: .utf8)
        }
    }
}
