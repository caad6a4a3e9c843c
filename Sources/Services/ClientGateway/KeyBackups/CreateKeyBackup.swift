import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Begins a new version of the caller's key backup: `POST /_matrix/client/v3/room_keys/version` (spec v1.19, "Server-side
/// key backups").
struct CreateKeyBackup: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/room_keys/version")
    /// The longest name of an algorithm, in bytes.
    static let algorithmBytesMax = 255

    let backups: KeyBackups

    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        let algorithm = try body.requiredString("algorithm")
        guard let authData = try body.object("auth_data") else {
            throw MatrixError.missingParam("'auth_data' is missing.")
        }
        guard algorithm.utf8.count <= Self.algorithmBytesMax, !algorithm.utf8.contains(0) else {
            throw MatrixError.invalidParam("'algorithm' is too long.")
        }
        let version = try await backups.store.create(for: request.caller, algorithm: algorithm, authData: authData)
        return ["version": .string("\(version)")]
    }
}
