import ArgumentParser
import ClusterOperations

/// Tokens that let somebody register.
struct RegistrationToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registration-token", abstract: "Makes tokens that let somebody register.",
        subcommands: [Create.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes a registration token and prints it.")

        @OptionGroup var database: DatabaseChoice
        @Argument(help: "The token; a random one unless given.")
        var token: String?
        @Option(help: "How many may register with it; no limit unless given.")
        var uses: Int32?
        @Option(help: "For how many hours it is good; for ever unless given.")
        var hours: Int?

        func run() async throws {
            let (url, server) = try database.resolve()
            try await OperatorDatabase.with(url: url) { database in
                let made = try await AccountAdministration(database: database, server: server)
                    .createRegistrationToken(token, uses: uses, life: hours.map { .seconds($0 * 3_600) })
                print(made)
            }
        }
    }
}
