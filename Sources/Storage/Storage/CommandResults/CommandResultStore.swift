import Postgres

// A command must have its effect once, however often it is sent and whoever owned its shard then. Its answer is stored in
// the transaction of its effect; a later group commit that holds the same command is refused as a whole by its second
// statement, after the fence has made sure that nobody else commits for the shard. So nothing has to be read before a
// command, and no memory of past commands has to be complete.

/// What commands answered: the `command_result` table.
public struct CommandResultStore: Sendable {
    /// The error by which ``refuseRepeated(_:)`` refuses a commit.
    public static let repeatedState = "AP002"
    /// The most commands one look-up takes.
    public static let commandsMax = 1_000

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// Raises ``repeatedState`` when one of the commands, IDs of 16 bytes, has had its effect already.
    public static func refuseRepeated(_ commands: [[UInt8]]) -> PostgresStatement {
        PostgresStatement("SELECT refuse_repeated($1)", [commands])
    }

    /// The stored answers of those of `commands` that have had their effect: JSON by ID.
    ///
    /// - Precondition: at most ``commandsMax`` commands.
    public func fetch(_ commands: [[UInt8]]) async throws(PostgresError) -> [[UInt8]: [UInt8]] {
        precondition(commands.count <= Self.commandsMax, "a look-up takes at most \(Self.commandsMax) commands")
        guard !commands.isEmpty else { return [:] }
        let rows = try await database.query(
            "SELECT command_id, result FROM command_result WHERE command_id = ANY($1::bytea[])", commands)
        var results: [[UInt8]: [UInt8]] = [:]
        for row in rows { results[try row.bytes("command_id")] = try row.bytes("result") }
        return results
    }
}
