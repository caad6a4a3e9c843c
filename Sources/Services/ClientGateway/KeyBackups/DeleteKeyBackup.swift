import HTTPServer
import MatrixHTTP

/// Deletes a version of the caller's key backup with its keys:
/// `DELETE /_matrix/client/v3/room_keys/version/{version}` (spec v1.19, "Server-side key backups").
struct DeleteKeyBackup: Endpoint {
    static let route = Route.client(.delete, "/_matrix/client/v3/room_keys/version/{version}")

    let backups: KeyBackups

    /// One that was deleted before is deleted.
    ///
    /// - Throws: `M_NOT_FOUND`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let version = try request.backupVersionInPath()
        guard try await backups.store.delete(version, of: request.caller) else { throw KeyBackups.missing }
        return EmptyObject()
    }
}
