import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Backs up keys of many rooms: `PUT /_matrix/client/v3/room_keys/keys` (spec v1.19, "Server-side key backups").
struct PutBackupKeys: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/room_keys/keys", cost: .write, bodyLimit: .keyBackup)

    let backups: KeyBackups

    /// - Throws: `M_WRONG_ROOM_KEYS_VERSION`, `M_NOT_FOUND`, `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`,
    ///   `M_TOO_LARGE`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let version = try request.backupVersion()
        guard let rooms = try BodyFields(try request.jsonBody()).object("rooms") else {
            throw MatrixError.missingParam("'rooms' is missing.")
        }
        let sessions = try rooms.members.flatMap { member in
            guard let room = RoomID(member.key) else {
                throw MatrixError.invalidParam("'rooms' has a key that is not a room ID.")
            }
            guard let object = member.value.objectValue else { throw MatrixError.badJSON("A room is an object.") }
            return try BackedUpSession.ofRoom(room, object)
        }
        return try await backups.put(sessions, in: version, of: request.caller)
    }
}

/// Backs up keys of a room: `PUT /_matrix/client/v3/room_keys/keys/{roomId}` (spec v1.19, "Server-side key backups").
struct PutBackupKeysOfRoom: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/room_keys/keys/{roomId}", cost: .write, bodyLimit: .keyBackup)

    let backups: KeyBackups

    /// - Throws: as ``PutBackupKeys``.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        let version = try request.backupVersion()
        return try await backups.put(
            try BackedUpSession.ofRoom(room, try request.jsonBody()), in: version, of: request.caller)
    }
}

/// Backs up one key: `PUT /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}` (spec v1.19, "Server-side key backups").
struct PutBackupKey: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}", cost: .write, bodyLimit: .keys)

    let backups: KeyBackups

    /// - Throws: as ``PutBackupKeys``.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let (room, session) = try request.backupSession()
        let version = try request.backupVersion()
        let key = try BackedUpSession(try request.jsonBody(), room: room, session: session)
        return try await backups.put([key], in: version, of: request.caller)
    }
}
