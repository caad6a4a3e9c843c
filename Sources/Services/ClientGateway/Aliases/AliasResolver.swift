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

    /// The room that a path parameter names by its ID or by an alias.
    ///
    /// - Throws: `M_INVALID_PARAM` for text that is neither, `M_NOT_FOUND` for an alias that points nowhere.
    func room(named text: String) async throws -> RoomID {
        if text.utf8.first == UInt8(ascii: "#") {
            guard let alias = RoomAlias(text) else { throw MatrixError.invalidParam("This is not a valid room alias.") }
            return try await resolve(alias).room
        }
        guard let room = RoomID(text) else { throw MatrixError.invalidParam("This is not a room ID or alias.") }
        return room
    }
}
