import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Deletes all keys of a backup: `DELETE /_matrix/client/v3/room_keys/keys` (spec v1.19, "Server-side key backups").
struct DeleteBackupKeys: Endpoint {
    static let route = Route.client(.delete, "/_matrix/client/v3/room_keys/keys")

    let backups: KeyBackups

    /// - Throws: `M_NOT_FOUND` without the backup, `M_MISSING_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        try await backups.delete(.everything, of: try request.backupVersion(), user: request.caller)
    }
}

/// Deletes the backed-up keys of a room: `DELETE /_matrix/client/v3/room_keys/keys/{roomId}` (spec v1.19, "Server-side key
/// backups").
struct DeleteBackupKeysOfRoom: Endpoint {
    static let route = Route.client(.delete, "/_matrix/client/v3/room_keys/keys/{roomId}")

    let backups: KeyBackups

    /// - Throws: `M_NOT_FOUND` without the backup, `M_MISSING_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        return try await backups.delete(.room(room), of: try request.backupVersion(), user: request.caller)
    }
}

/// Deletes a backed-up key: `DELETE /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}` (spec v1.19, "Server-side key
/// backups").
struct DeleteBackupKey: Endpoint {
    static let route = Route.client(.delete, "/_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}")

    let backups: KeyBackups

    /// - Throws: `M_NOT_FOUND` without the backup, `M_MISSING_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let (room, session) = try request.backupSession()
        return try await backups.delete(.session(room, session), of: try request.backupVersion(), user: request.caller)
    }
}
