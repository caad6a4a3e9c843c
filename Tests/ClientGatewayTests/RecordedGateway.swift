import CanonicalJSON
import Identifiers
import Postgres

/// A gateway with the writer that records what it asks for.
struct RecordedGateway {
    let gateway: Gateway
    let writer: RecordingWriter

    var database: PostgresDatabase { gateway.database }

    func call(_ method: String, _ path: String, _ body: String? = nil, token: String? = nil) async throws
        -> Gateway.Answer
    {
        try await gateway.call(method, path, body, token: token)
    }

    func call(_ method: String, _ path: String, json: JSONObject, token: String? = nil) async throws -> Gateway.Answer {
        try await gateway.call(method, path, json: json, token: token)
    }

    /// Writes down a room with one message, `$message`, and these members.
    func makeRoom(_ room: RoomID, members: [UserID: String]) async throws {
        try await database.query(
            "INSERT INTO room (room_id, shard, version, created_at_ms) VALUES ($1, 0, '12', 0)", room.rawValue)
        for (user, membership) in members {
            try await database.query(
                """
                INSERT INTO current_membership (room_id, user_id, membership, sender, event_id, is_local, shard, seq)
                VALUES ($1, $2, $3, $2, '$member', true, 0, 1)
                """, room.rawValue, user.rawValue, membership)
        }
        try await database.query(
            """
            INSERT INTO event (event_id, room_id, shard, seq, type, sender, depth, origin_server_ts, json)
            VALUES ('$message', $1, 0, 1, 'm.room.message', '@x:y', 1, 0, '{}')
            """, room.rawValue)
    }
}
