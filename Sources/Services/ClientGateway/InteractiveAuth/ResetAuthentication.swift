import CanonicalJSON
import Identifiers
import MatrixHTTP

/// The authentication of giving a user a new cryptographic identity (spec v1.19, "OAuth authentication").
package struct ResetAuthentication: Sendable {
    private let auth: InteractiveAuth

    package init(_ parts: ClientParts) { auth = parts.auth }

    /// What is still asked for in `session`, a new one when `nil`; empty when nothing is, which ends the session.
    package func challenge(_ user: UserID, session: String?) async throws -> JSONObject {
        var body = JSONObject()
        if let session { body["auth"] = ["session": .string(session)] }
        do {
            _ = try await auth.demand(.crossSigningReset(of: user), in: BodyFields(body))
            return JSONObject()
        } catch let error as MatrixError where error.status == 401 {
            return error.fields
        }
    }
}
