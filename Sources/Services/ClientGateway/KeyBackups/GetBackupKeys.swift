import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// The backed-up keys: `GET /_matrix/client/v3/room_keys/keys` (spec v1.19, "Server-side key backups").
///
/// Read page by page, and written as they come: there may be a great many.
struct GetBackupKeys: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/room_keys/keys", cost: .read)

    let backups: KeyBackups

    /// - Throws: `M_NOT_FOUND` without the backup, `M_MISSING_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        let backup = try await backups.backup(try request.backupVersion(), of: request.caller)
        var writer = JSONWriter(reservingBytes: 512 * min(Int(backup.count), KeyBackupStore.sessionsMax))
        writer.beginObject()
        writer.key("rooms")
        writer.beginObject()
        var last: BackedUpSession?
        while true {
            let page = try await backups.store.sessions(of: backup, in: .everything, after: last)
            for session in page {
                if session.room != last?.room {
                    if last != nil { Self.endRoom(&writer) }
                    writer.key(session.room.rawValue)
                    writer.beginObject()
                    writer.key("sessions")
                    writer.beginObject()
                }
                writer.member(session.session, session.json)
                last = session
            }
            guard page.count == KeyBackupStore.sessionsMax else { break }
        }
        if last != nil { Self.endRoom(&writer) }
        writer.endObject()
        writer.endObject()
        return JSONBytes(writer.bytes)
    }

    private static func endRoom(_ writer: inout JSONWriter) {
        writer.endObject()
        writer.endObject()
    }
}

/// The backed-up keys of a room: `GET /_matrix/client/v3/room_keys/keys/{roomId}` (spec v1.19, "Server-side key backups").
struct GetBackupKeysOfRoom: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/room_keys/keys/{roomId}", cost: .read)

    let backups: KeyBackups

    /// - Throws: `M_NOT_FOUND` without the backup, `M_MISSING_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        let room = try request.path("roomId", as: RoomID.self)
        let backup = try await backups.backup(try request.backupVersion(), of: request.caller)
        var writer = JSONWriter(reservingBytes: 1_024)
        writer.beginObject()
        writer.key("sessions")
        writer.beginObject()
        var last: BackedUpSession?
        while true {
            let page = try await backups.store.sessions(of: backup, in: .room(room), after: last)
            for session in page { writer.member(session.session, session.json) }
            last = page.last
            guard page.count == KeyBackupStore.sessionsMax else { break }
        }
        writer.endObject()
        writer.endObject()
        return JSONBytes(writer.bytes)
    }
}

/// A backed-up key: `GET /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}` (spec v1.19, "Server-side key backups").
struct GetBackupKey: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}")

    let backups: KeyBackups

    /// - Throws: `M_NOT_FOUND` without the backup or the key, `M_MISSING_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let (room, session) = try request.backupSession()
        let backup = try await backups.backup(try request.backupVersion(), of: request.caller)
        let found = try await backups.store.sessions(of: backup, in: .session(room, session), after: nil)
        guard let key = found.first else { throw MatrixError.notFound("There is no such key in the backup.") }
        return key.json
    }
}
