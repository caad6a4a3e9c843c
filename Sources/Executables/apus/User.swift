import ArgumentParser
import ClusterOperations

/// Users of the server.
struct User: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes users.", subcommands: [Create.self], defaultSubcommand: nil)

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes a user who can log in.")

        @OptionGroup var database: DatabaseChoice
        @Argument(help: "The name, without @ and server.")
        var name: String
        @Flag(help: "May do what administrators may.")
        var admin = false
        @Option(help: "The password; a random one is made and printed unless given.")
        var password: String?

        func run() async throws {
            let (url, server) = try database.resolve()
            let chosen = password ?? AccountAdministration.randomText(16)
            try await OperatorDatabase.with(url: url) { database in
                let user = try await AccountAdministration(database: database, server: server)
                    .createUser(name, password: chosen, isAdmin: admin)
                print("user      \(user)")
                if password == nil { print("password  \(chosen)") }
            }
        }
    }
}
