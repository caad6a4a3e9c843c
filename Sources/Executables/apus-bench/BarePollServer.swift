import ArgumentParser
import Hummingbird
import TestSupport

/// A server that parks every request to `/poll`: what Hummingbird itself costs.
struct BarePollServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bare-poll-server", abstract: "Parks requests; a reference for parked-polls.", shouldDisplay: false
    )

    @Option(help: "The port on loopback to listen on.")
    var port: Int

    static func freePort() -> UInt16? { Loopback.freePort() }

    func run() async throws {
        let router = Router()
        router.get("/") { _, _ in "ready" }
        router.get("/poll") { _, _ in
            try await Task.sleep(for: .seconds(300))
            return "over"
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
        try await application.runService()
    }
}
