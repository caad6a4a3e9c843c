import CanonicalJSON
import Identifiers
import Postgres

extension KeyBackupStore {
    /// The most sessions one call writes or reads.
    public static let sessionsMax = 1_000
    /// The most sessions of a version.
    public static let storedMax = 500_000

    /// What became of keys that were to be stored.
    public enum Outcome: Sendable, Equatable {
        case stored(KeyBackupState)
        /// Only the current version is written to: this one.
        case wrongVersion(current: Int64)
        /// There is no backup.
        case missing
        /// The version has as many keys as it may.
        case full
    }

    /// Stores keys in the current version, which has to be `version`.
    ///
    /// Of two keys of one session the better one stays: verified, then from an earlier message on, then forwarded less.
    public func store(_ sessions: [BackedUpSession], in version: Int64, of user: UserID) async throws -> Outcome {
        precondition(sessions.count <= Self.sessionsMax, "too many sessions for one call")
        let rows = try await database.query(
            """
            WITH current AS MATERIALIZED (
                SELECT version, store_id, key_count FROM key_backup WHERE user_id = $1 AND NOT is_deleted
                 ORDER BY version DESC LIMIT 1 FOR UPDATE
            ), open AS (
                SELECT store_id FROM current WHERE version = $2 AND key_count < $9
            ), stored AS (
                INSERT INTO key_backup_session AS s (store_id, room_id, session_id, first_message_index, forwarded_count,
                                                     is_verified, session_data)
                SELECT open.store_id, rows.* FROM open CROSS JOIN
                       unnest($3::text[], $4::bytea[], $5::bigint[], $6::bigint[], $7::boolean[], $8::bytea[]) AS rows
                    ON CONFLICT (store_id, room_id, session_id) DO UPDATE
                   SET first_message_index = excluded.first_message_index, forwarded_count = excluded.forwarded_count,
                       is_verified = excluded.is_verified, session_data = excluded.session_data
                 WHERE (NOT excluded.is_verified, excluded.first_message_index, excluded.forwarded_count)
                       < (NOT s.is_verified, s.first_message_index, s.forwarded_count)
                RETURNING s.xmax = 0 AS is_new
            ), changed AS (
                SELECT count(*) AS number, count(*) FILTER (WHERE is_new) AS fresh FROM stored
            ), counted AS (
                UPDATE key_backup AS b SET etag = b.etag + (changed.number > 0)::int, key_count = b.key_count + changed.fresh
                  FROM changed, open WHERE b.user_id = $1 AND b.version = $2 RETURNING b.etag, b.key_count
            )
            SELECT c.version, counted.etag, counted.key_count FROM current AS c LEFT JOIN counted ON true
            """,
            [
                user.rawValue, version, sessions.map(\.room.rawValue), sessions.map { Array($0.session.utf8) },
                sessions.map(\.firstMessageIndex), sessions.map(\.forwardedCount), sessions.map(\.isVerified),
                sessions.map { $0.data.bytes() }, Int64(Self.storedMax),
            ])
        guard let row = rows.first else { return .missing }
        if let etag = try row.optionalInt64("etag") {
            return .stored(KeyBackupState(etag: etag, count: try row.int64("key_count")))
        }
        let current = try row.int64("version")
        return current == version ? .full : .wrongVersion(current: current)
    }

    /// Keys of a version in byte order of rooms and sessions, at most ``sessionsMax``.
    ///
    /// - Parameter last: the session the page comes after; `nil` for the first page.
    public func sessions(
        of backup: KeyBackup, in scope: BackupScope, after last: BackedUpSession?
    ) async throws -> [BackedUpSession] {
        var parameters: [any PostgresParameter] = [
            backup.store, last?.room.rawValue ?? "", last.map { Array($0.session.utf8) } ?? [], Int64(Self.sessionsMax),
        ]
        // Conditions that are not there leave the planner nothing to guess.
        var condition = ""
        let (room, session) = scope.parameters
        if let room {
            parameters.append(room)
            condition += " AND room_id = $5"
        }
        if let session {
            parameters.append(session)
            condition += " AND session_id = $6"
        }
        let rows = try await database.query(
            """
            SELECT room_id, session_id, first_message_index, forwarded_count, is_verified, session_data
              FROM key_backup_session
             WHERE store_id = $1 AND (room_id, session_id) > ($2, $3)\(condition)
             ORDER BY room_id, session_id LIMIT $4
            """, parameters)
        return try rows.map { row in
            let room = try row.identifier("room_id", as: RoomID.self)
            return BackedUpSession(
                room: room, session: try row.byteText("session_id"),
                firstMessageIndex: try row.int64("first_message_index"),
                forwardedCount: try row.int64("forwarded_count"), isVerified: try row.bool("is_verified"),
                data: try JSONObject.parse(try row.bytes("session_data")))
        }
    }

    /// Deletes keys of a version; `nil` when there is no such version.
    public func delete(_ scope: BackupScope, of version: Int64, user: UserID) async throws -> KeyBackupState? {
        guard case .everything = scope else { return try await deleteSessions(scope, version, user) }
        let rows = try await database.query(
            """
            WITH former AS MATERIALIZED (
                SELECT store_id FROM key_backup WHERE user_id = $1 AND version = $2 AND NOT is_deleted FOR UPDATE
            ), emptied AS (
                UPDATE key_backup AS b SET store_id = nextval('key_backup_store'), key_count = 0,
                       etag = b.etag + (b.key_count > 0)::int
                  FROM former WHERE b.user_id = $1 AND b.version = $2 RETURNING b.etag, b.key_count
            ), abandoned AS (
                INSERT INTO abandoned_key_store SELECT store_id FROM former
            )
            SELECT etag, key_count FROM emptied
            """, user.rawValue, version)
        return try rows.first.map { try Self.state($0) }
    }

    private func deleteSessions(
        _ scope: BackupScope, _ version: Int64, _ user: UserID
    ) async throws -> KeyBackupState? {
        let (room, session) = scope.parameters
        let rows = try await database.query(
            """
            WITH open AS MATERIALIZED (
                SELECT store_id FROM key_backup WHERE user_id = $1 AND version = $2 AND NOT is_deleted FOR UPDATE
            ), gone AS (
                DELETE FROM key_backup_session AS s USING open
                 WHERE s.store_id = open.store_id AND s.room_id = $3 AND ($4::bytea IS NULL OR s.session_id = $4)
                RETURNING 1
            ), changed AS (
                SELECT count(*) AS number FROM gone
            )
            UPDATE key_backup AS b SET etag = b.etag + (changed.number > 0)::int, key_count = b.key_count - changed.number
              FROM changed, open WHERE b.user_id = $1 AND b.version = $2 RETURNING b.etag, b.key_count
            """, user.rawValue, version, room, session)
        return try rows.first.map { try Self.state($0) }
    }

    private static func state(_ row: PostgresRow) throws -> KeyBackupState {
        KeyBackupState(etag: try row.int64("etag"), count: try row.int64("key_count"))
    }
}

extension BackupScope {
    fileprivate var parameters: (room: String?, session: [UInt8]?) {
        switch self {
        case .everything: (nil, nil)
        case .room(let room): (room.rawValue, nil)
        case .session(let room, let session): (room.rawValue, Array(session.utf8))
        }
    }
}
