import Identifiers
import MatrixHTTP
import Storage

/// Finds the rooms that aliases point to.
struct AliasResolver: Sendable {
    let aliases: AliasStore
    let server: ServerName

    /// - Throws: `M_NOT_FOUND` for an alias that points nowhere this server can see.
    func resolve(_ alias: RoomAlias) async throws -> AliasRecord {
        guard alias.server == server, let record = try await aliases.fetch(alias) else {
            throw MatrixError.notFound("Room alias \(alias) not found.")
        }
        return record
    }
}
