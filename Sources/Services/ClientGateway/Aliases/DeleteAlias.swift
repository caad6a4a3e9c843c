import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Removes an alias: `DELETE /_matrix/client/v3/directory/room/{roomAlias}` (spec v1.19, "Room aliases").
///
/// Whoever made it may, whoever may set the room's canonical alias, and administrators of this server.
struct DeleteAlias: Endpoint {
    static let route = Route.client(.delete, "/_matrix/client/v3/directory/room/{roomAlias}")

    let resolver: AliasResolver
    let accounts: AccountStore
    let access: RoomAccess

    /// - Throws: `M_NOT_FOUND`, `M_FORBIDDEN`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let alias = try request.path("roomAlias", as: RoomAlias.self)
        let record = try await resolver.resolve(alias)
        guard try await mayDelete(record, request.caller) else {
            throw MatrixError.forbidden("You may not delete this alias.")
        }
        try await resolver.aliases.delete(alias, of: record.room)
        return EmptyObject()
    }

    private func mayDelete(_ record: AliasRecord, _ caller: UserID) async throws -> Bool {
        if record.creator == caller { return true }
        if try await accounts.fetch(caller)?.isAdmin ?? false { return true }
        guard try await access.membership(of: caller, in: record.room) == .join else { return false }
        return try await access.maySend(stateType: "m.room.canonical_alias", caller, in: record.room)
    }
}
