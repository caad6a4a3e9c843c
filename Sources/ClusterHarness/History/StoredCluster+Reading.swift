import CanonicalJSON
import Events
import Identifiers
import Postgres
import RoomRules
import Signing

extension StoredCluster {
    /// Reads `rooms` and the whole log of a cluster at rest.
    public static func read(_ cluster: Cluster, rooms: Set<RoomID>) async throws -> StoredCluster {
        try await read(cluster.database, rooms: rooms, signedBy: cluster.key)
    }

    /// Reads `rooms` and the whole log of a database nobody writes to.
    public static func read(
        _ database: PostgresDatabase, rooms: Set<RoomID>, signedBy key: SigningKey
    ) async throws -> StoredCluster {
        var stored = StoredCluster()
        stored.key = VerificationKey(key.publicKey)
        stored.keyID = key.keyID
        let names = rooms.map(\.rawValue)
        try await stored.readLog(database)
        try await stored.readVersions(database, names)
        try await stored.readEvents(database, names)
        try await stored.readStates(database, names)
        return stored
    }

    private mutating func readLog(_ database: PostgresDatabase) async throws {
        // One statement, so that heads and entries are of one moment.
        let rows = try await database.query(
            """
            SELECT h.shard, h.epoch AS head_epoch, h.seq AS head_seq, l.seq, l.epoch
              FROM head AS h LEFT JOIN log AS l ON l.shard = h.shard ORDER BY h.shard, l.seq
            """)
        for row in rows {
            let shard = ShardID(try row.int16("shard"))
            heads[shard] = Head(
                epoch: try row.int64("head_epoch"), sequence: ShardSequence(try row.int64("head_seq")))
            guard let sequence = try row.optionalInt64("seq") else { continue }
            log.append(
                LogRow(shard: shard, sequence: ShardSequence(sequence), epoch: try row.int64("epoch")))
        }
    }

    private mutating func readVersions(_ database: PostgresDatabase, _ names: [String]) async throws {
        let rows = try await database.query("SELECT room_id, version, shard FROM room WHERE room_id = ANY($1)", names)
        for row in rows {
            guard let room = RoomID(try row.text("room_id")) else { continue }
            versions[room] = RoomVersion(try row.text("version"))
            shards[room] = ShardID(try row.int16("shard"))
        }
    }

    private mutating func readEvents(_ database: PostgresDatabase, _ names: [String]) async throws {
        let rows = try await database.query(
            """
            SELECT event_id, room_id, seq, rejected, soft_failed, state_before, state_after, json
              FROM event WHERE room_id = ANY($1)
            """, names)
        for row in rows {
            guard let id = EventID(try row.text("event_id")), let room = RoomID(try row.text("room_id")),
                let rules = versions[room]?.rules
            else { throw ReadingFailure.malformed("event \(try row.text("event_id"))") }
            let event = try Event(
                json: try JSONObject.parse(try row.bytes("json")), id: id, format: rules.eventFormat)
            events[id] = EventRow(
                event: event, room: room, position: ShardSequence(try row.int64("seq")),
                isRejected: try row.bool("rejected"), isSoftFailed: try row.bool("soft_failed"),
                stateBefore: try row.optionalInt64("state_before").map { StateRootID($0) },
                stateAfter: try row.optionalInt64("state_after").map { StateRootID($0) })
        }
    }

    private mutating func readStates(_ database: PostgresDatabase, _ names: [String]) async throws {
        let current = try await database.query(
            "SELECT room_id, type, state_key, event_id FROM current_state WHERE room_id = ANY($1)", names)
        for row in current {
            guard let room = RoomID(try row.text("room_id")), let event = EventID(try row.text("event_id")) else {
                throw ReadingFailure.malformed("current state")
            }
            let key = StateMapKey(
                type: String(decoding: try row.bytes("type"), as: UTF8.self),
                stateKey: String(decoding: try row.bytes("state_key"), as: UTF8.self))
            currentState[room, default: [:]][key] = event
        }
        let stored = try await database.query(
            "SELECT root_id, parent_id, entries FROM state_root WHERE room_id = ANY($1)", names)
        for row in stored {
            roots[StateRootID(try row.int64("root_id"))] = Root(
                parent: try row.optionalInt64("parent_id").map { StateRootID($0) }, entries: try row.bytes("entries"))
        }
    }

    /// Why the database could not be read.
    public enum ReadingFailure: Error, Equatable {
        case malformed(String)
    }
}
