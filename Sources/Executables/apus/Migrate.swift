import ArgumentParser
import ClusterOperations
import Schema

/// Brings a database's schema up to date.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Brings a database's schema to what this build needs; safe to run at any time, by any number.")

    @Option(help: "The cluster's database.")
    var databaseURL: String
    @Option(help: "The server's name; it is stored in a new database and never changes.")
    var serverName: String
    @Option(help: "Shards of a new database.")
    var shards = 64

    func run() async throws {
        try await OperatorDatabase.with(url: databaseURL) { database in
            try await SchemaMigrations.migrate(database, serverName: serverName, shardCount: shards)
            print("schema version \(SchemaMigrations.versionMax)")
        }
    }
}
