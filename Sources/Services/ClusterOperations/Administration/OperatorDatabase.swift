import Logging
import Postgres

/// A connection for one operator's command.
package enum OperatorDatabase {
    /// Runs `body` with the database at `url`, with as few connections as can be.
    package static func with<Result: Sendable>(
        url: String, _ body: (PostgresDatabase) async throws -> Result
    ) async throws -> Result {
        var configuration = PostgresConfiguration(url: url)
        configuration.applicationName = "apus-operator"
        configuration.sharedConnections = 1
        configuration.transactionConnectionsMax = 1
        let database = PostgresDatabase(configuration: configuration, logger: Logger(label: "apus"))
        do {
            let result = try await body(database)
            await database.shutdown()
            return result
        } catch {
            await database.shutdown()
            throw error
        }
    }
}
