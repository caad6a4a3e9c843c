import CanonicalJSON
import HTTPServer
import MatrixHTTP
import WorkerContracts

/// Sets whether an account is suspended: `PUT /_matrix/client/v1/admin/suspend/{userId}` (spec v1.19, "Server Administration").
struct SetSuspended: Endpoint {
    static let route = Route.client(.put, "/_matrix/client/v1/admin/suspend/{userId}")

    let accounts: ModeratedAccount
    let clock: WallClock

    /// - Throws: as ``ModeratedAccount/target(of:)``; `M_MISSING_PARAM`, `M_BAD_JSON`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let wanted = try BodyFields(try request.jsonBody()).bool("suspended")
        let account = try await accounts.target(of: request)
        guard let wanted else { throw MatrixError.missingParam("'suspended' is missing.") }
        try await accounts.accounts.setSuspended(account.user, at: wanted ? clock.now() : nil)
        return ["suspended": .bool(wanted)]
    }
}
