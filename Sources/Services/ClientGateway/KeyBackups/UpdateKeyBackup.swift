import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Changes what a version of the caller's key backup says of itself:
/// `PUT /_matrix/client/v3/room_keys/version/{version}` (spec v1.19, "Server-side key backups").
struct UpdateKeyBackup: Endpoint {
    static let route = Route.client(.put, "/_matrix/client/v3/room_keys/version/{version}")

    let backups: KeyBackups

    /// - Throws: `M_NOT_FOUND`, `M_INVALID_PARAM` for another algorithm or another version than in the path,
    ///   `M_MISSING_PARAM`, `M_BAD_JSON`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let body = BodyFields(try request.jsonBody())
        let algorithm = try body.requiredString("algorithm")
        guard let authData = try body.object("auth_data") else {
            throw MatrixError.missingParam("'auth_data' is missing.")
        }
        if let named = try body.string("version"), try !named.utf8.elementsEqual(request.path("version").utf8) {
            throw MatrixError.invalidParam("'version' is not the one in the path.")
        }
        let backup = try await backups.backup(try request.backupVersionInPath(), of: request.caller)
        guard backup.algorithm.utf8.elementsEqual(algorithm.utf8) else {
            throw MatrixError.invalidParam("A backup's algorithm does not change.")
        }
        try await backups.store.setAuthData(authData, of: backup.version, user: request.caller)
        return EmptyObject()
    }
}
