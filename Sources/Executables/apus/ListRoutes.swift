import ArgumentParser
import HTTPServer

/// Prints what clients can ask for, from the routes in the code.
struct ListRoutes: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes", abstract: "Prints the endpoints: method, path, worker, class of cost.")

    func run() {
        for line in Routes.all.map(Self.line).sorted() { print(line) }
    }

    private static func line(_ route: Route) -> String {
        "\(route.method.rawValue.uppercased()) \(route.path) \(route.worker) \(route.cost.rawValue)"
    }
}
