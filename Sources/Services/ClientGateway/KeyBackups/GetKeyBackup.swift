import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// The current version of the caller's key backup: `GET /_matrix/client/v3/room_keys/version` (spec v1.19, "Server-side key
/// backups").
struct GetCurrentKeyBackup: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/room_keys/version")

    let backups: KeyBackups

    /// - Throws: `M_NOT_FOUND`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        try await backups.backup(nil, of: request.caller).json
    }
}

/// A version of the caller's key backup: `GET /_matrix/client/v3/room_keys/version/{version}` (spec v1.19, "Server-side key
/// backups").
struct GetKeyBackup: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/room_keys/version/{version}")

    let backups: KeyBackups

    /// - Throws: `M_NOT_FOUND`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        try await backups.backup(try request.backupVersionInPath(), of: request.caller).json
    }
}
