import Identifiers
import MatrixHTTP
import Storage

/// What every endpoint for server administrators asks first.
struct ModeratedAccount: Sendable {
    let accounts: AccountStore
    let server: ServerName

    /// - Throws: `M_FORBIDDEN` unless the caller is an administrator; so that nobody else learns who has an account, this
    ///   comes first.
    func demandAdministrator(_ caller: UserID) async throws {
        guard try await accounts.fetch(caller)?.isAdmin ?? false else {
            throw MatrixError.forbidden("Only an administrator of this server may do this.")
        }
    }

    /// The account in the path of a request about another's suspension or lock.
    ///
    /// - Throws: `M_FORBIDDEN` for a caller who is no administrator and about one who is, `M_INVALID_PARAM` for a user of
    ///   another server, `M_NOT_FOUND` for nobody and for deactivated accounts.
    func target(of request: UserRequest) async throws -> Account {
        let user = try request.path("userId", as: UserID.self)
        try await demandAdministrator(request.caller)
        guard user.server == server else { throw MatrixError.invalidParam("The user is not of this server.") }
        guard let account = try await accounts.fetch(user), !account.isDeactivated else {
            throw MatrixError.notFound("No such user.")
        }
        guard !account.isAdmin else { throw MatrixError.forbidden("An administrator is not moderated.") }
        return account
    }
}
