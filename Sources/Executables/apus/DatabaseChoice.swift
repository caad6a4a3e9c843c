import ArgumentParser
import ClusterOperations
import Identifiers
import Logging
import Postgres

/// Which cluster's database a command works on: a running local cluster's, or one named by its address.
struct DatabaseChoice: ParsableArguments {
    @OptionGroup var cluster: ClusterChoice
    @Option(help: "The cluster's database, when it does not run on this machine.")
    var databaseURL: String?
    @Option(help: "The server's name, with --database-url.")
    var serverName: String?

    /// The database's address and the server's name.
    func resolve() throws -> (url: String, server: ServerName) {
        let (url, name): (String, String)
        if let databaseURL {
            guard let serverName else { throw ValidationError("--database-url needs --server-name") }
            (url, name) = (databaseURL, serverName)
        } else {
            let control = try ControlAddress.read(statePath: cluster.state)
            (url, name) = (control.databaseURL, control.serverName)
        }
        guard let server = ServerName(name) else { throw ValidationError("'\(name)' is not a server's name") }
        return (url, server)
    }
}
