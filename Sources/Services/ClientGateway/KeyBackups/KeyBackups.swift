import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage

/// What the endpoints of key backups share (spec v1.19, "Server-side key backups").
struct KeyBackups: Sendable {
    let store: KeyBackupStore

    /// A version; the current one when `nil`.
    ///
    /// - Throws: `M_NOT_FOUND`.
    func backup(_ version: Int64?, of user: UserID) async throws -> KeyBackup {
        guard let backup = try await store.fetch(version, of: user) else { throw Self.missing }
        return backup
    }

    static var missing: MatrixError { .notFound("There is no such backup.") }

    /// Stores keys in the current version, which has to be `version`.
    ///
    /// - Throws: `M_WRONG_ROOM_KEYS_VERSION` with the current version, `M_NOT_FOUND`, `M_TOO_LARGE`.
    func put(_ sessions: [BackedUpSession], in version: Int64, of user: UserID) async throws -> JSONObject {
        var rest = sessions[...]
        // Also when there are none: what is wrong with the version is told all the same.
        while true {
            let state = try await put(part: Array(rest.prefix(KeyBackupStore.sessionsMax)), in: version, of: user)
            rest = rest.dropFirst(KeyBackupStore.sessionsMax)
            if rest.isEmpty { return Self.json(state) }
        }
    }

    private func put(part: [BackedUpSession], in version: Int64, of user: UserID) async throws -> KeyBackupState {
        switch try await store.store(part, in: version, of: user) {
        case .stored(let state): return state
        case .missing: throw Self.missing
        case .full: throw MatrixError.tooLarge("A backup has at most \(KeyBackupStore.storedMax) keys.")
        case .wrongVersion(let current):
            throw MatrixError(
                status: 403, errcode: "M_WRONG_ROOM_KEYS_VERSION", message: "This is not the current backup.",
                fields: ["current_version": .string("\(current)")])
        }
    }

    /// Deletes keys of a version.
    ///
    /// - Throws: `M_NOT_FOUND` when there is no such version.
    func delete(_ scope: BackupScope, of version: Int64, user: UserID) async throws -> JSONObject {
        guard let state = try await store.delete(scope, of: version, user: user) else { throw Self.missing }
        return Self.json(state)
    }

    static func json(_ state: KeyBackupState) -> JSONObject {
        ["etag": .string("\(state.etag)"), "count": .int(state.count)]
    }
}

extension UserRequest {
    /// The `version` parameter of the query.
    ///
    /// - Throws: `M_MISSING_PARAM`, `M_NOT_FOUND` for what no version is called.
    func backupVersion() throws -> Int64 {
        guard let text = query("version") else { throw MatrixError.missingParam("'version' is missing.") }
        guard let version = Int64(text) else { throw KeyBackups.missing }
        return version
    }

    /// The version in the path.
    ///
    /// - Throws: `M_NOT_FOUND` for what no version is called.
    func backupVersionInPath() throws -> Int64 {
        guard let version = Int64(try path("version")) else { throw KeyBackups.missing }
        return version
    }

    /// The session in the path.
    func backupSession() throws -> (room: RoomID, session: String) {
        (try path("roomId", as: RoomID.self), try path("sessionId"))
    }
}
