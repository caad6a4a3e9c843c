import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Reports a user: `POST /_matrix/client/v3/users/{userId}/report` (spec v1.19, "Reporting Content").
struct ReportUser: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/users/{userId}/report")

    let server: ServerName
    let accounts: AccountStore
    let reporter: Reporter

    /// - Throws: `M_NOT_FOUND` for a user of this server that there is not, `M_MISSING_PARAM`, `M_BAD_JSON`,
    ///   `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let user = try request.path("userId", as: UserID.self)
        let reason = try Reporter.reason(BodyFields(try request.jsonBody()), isRequired: true)
        if user.server == server {
            guard try await accounts.fetch(user) != nil else { throw MatrixError.notFound("User not found.") }
        }
        try await reporter.store(Report(reporter: request.caller, user: user, reason: reason))
        return EmptyObject()
    }
}
