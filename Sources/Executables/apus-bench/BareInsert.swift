import ClusterHarness
import Identifiers
import Postgres
import TestSupport

// The reference is what PostgreSQL can do on this machine without a homeserver in front of it: the rows a run has
// written are read back and written again into an empty database of the same schema, by pipelined transactions on a few
// connections. All entries of a commit, whatever their shards, have its time, so the transactions can be told apart.

/// Inserts the rows of a run with libpq alone.
enum BareInsert {
    /// Connections that commit at once.
    static let connections = 8

    struct Speed: Sendable {
        /// Events in a second, in the transactions they were in.
        var sameCommits: Double
        /// Events in a second, 50 to a transaction.
        var largeCommits: Double
        var rowsPerCommit: Double
    }

    /// One event with what its commit wrote beside it.
    private struct Row: Sendable {
        let shard: Int16
        let commit: Int64
        let event: [PostgresValue]
        let eventID: String
        let roomID: String
        let seq: Int64
        let sender: String
        /// What the event can be searched by; `nil` when it cannot.
        let words: String?
    }

    /// Where the log is now.
    static func heads(_ database: PostgresDatabase) async throws -> [Int16: Int64] {
        try await database.query("SELECT shard, seq FROM head").reduce(into: [:]) {
            $0[try $1.int16("shard")] = try $1.int64("seq")
        }
    }

    static func measure(after heads: [Int16: Int64], of database: PostgresDatabase) async throws -> Speed {
        let rows = try await read(after: heads, database)
        var groups: [[Row]] = []
        for row in rows {
            if groups.last?.last?.commit == row.commit {
                groups[groups.count - 1].append(row)
            } else {
                groups.append([row])
            }
        }
        let large = stride(from: 0, to: rows.count, by: 50).map { Array(rows[$0..<min($0 + 50, rows.count)]) }
        return Speed(
            sameCommits: Double(rows.count) / (try await write(groups).inSeconds),
            largeCommits: Double(rows.count) / (try await write(large).inSeconds),
            rowsPerCommit: Double(rows.count) / Double(max(1, groups.count)))
    }

    private static let columns = [
        "event_id", "room_id", "shard", "seq", "type", "sender", "depth", "origin_server_ts", "state_before",
        "state_after", "sender_device", "sender_txn", "json",
    ]

    private static func read(after heads: [Int16: Int64], _ database: PostgresDatabase) async throws -> [Row] {
        let result = try await database.query(
            """
            SELECT e.event_id, e.room_id, e.shard, e.seq, e.type, e.sender, e.depth, e.origin_server_ts,
                   e.state_before, e.state_after, e.sender_device, e.sender_txn, e.json, s.words::text AS words,
                   (extract(epoch FROM l.at) * 1000000)::bigint AS commit
              FROM unnest($1::smallint[], $2::bigint[]) AS h (shard, seq)
              JOIN event AS e ON e.shard = h.shard AND e.seq > h.seq
              JOIN log AS l ON l.shard = e.shard AND l.seq = e.seq
              LEFT JOIN event_search AS s ON s.room_id = e.room_id AND s.seq = e.seq
             ORDER BY commit, e.shard, e.seq
            """, heads.keys.sorted(), heads.keys.sorted().map { heads[$0] ?? 0 })
        return try result.map { row in
            let values: [any PostgresParameter] = [
                try row.text("event_id"), try row.text("room_id"), try row.int16("shard"), try row.int64("seq"),
                try row.bytes("type"), try row.text("sender"), try row.int64("depth"),
                try row.int64("origin_server_ts"), try row.optionalInt64("state_before"),
                try row.optionalInt64("state_after"), try row.optionalText("sender_device"),
                try row.optionalBytes("sender_txn"), try row.bytes("json"),
            ]
            return Row(
                shard: try row.int16("shard"), commit: try row.int64("commit"),
                event: values.map(\.postgresValue), eventID: try row.text("event_id"),
                roomID: try row.text("room_id"), seq: try row.int64("seq"), sender: try row.text("sender"),
                words: try row.optionalText("words"))
        }
    }

    private static func write(_ groups: [[Row]]) async throws -> Duration {
        try await TestDatabase.with { test in
            var lanes = [[[Row]]](repeating: [], count: connections)
            for (number, group) in groups.enumerated() { lanes[number % connections].append(group) }
            let opened = try await map(lanes, atMost: connections) { lane in
                (lane, try await test.database.dedicatedConnection(applicationName: "bare"))
            }
            let startedAt = ContinuousClock.now
            try await forEach(opened, atMost: connections) { lane, connection in
                for group in lane { try await commit(group, on: connection) }
            }
            let took = startedAt.duration(to: .now)
            for (_, connection) in opened { await connection.close() }
            return took
        }
    }

    private static func commit(_ group: [Row], on connection: PostgresConnection) async throws {
        let placeholders = (1...columns.count).map { "$\($0)" }.joined(separator: ", ")
        var statements = group.map { row in
            PostgresStatement(
                sql: "INSERT INTO event (\(columns.joined(separator: ", "))) VALUES (\(placeholders))",
                parameters: row.event)
        }
        statements.append(
            PostgresStatement(
                """
                INSERT INTO log (shard, seq, epoch, kind, format, key)
                SELECT shard, 0, 1, 1, 1, key FROM unnest($1::smallint[], $2::text[]) AS rows (shard, key)
                """, [group.map(\.shard), group.map(\.roomID)]))
        statements.append(
            PostgresStatement(
                """
                INSERT INTO command_result (command_id, shard, result)
                SELECT id, 0, id FROM unnest($1::bytea[]) AS rows (id)
                """, [group.map { Array($0.eventID.utf8.prefix(16)) }]))
        statements.append(
            PostgresStatement(
                """
                INSERT INTO countable_event (room_id, seq, shard, thread_id, sender, room_ordinal, main_ordinal,
                                             thread_ordinal, sender_ordinal, sender_main_ordinal,
                                             sender_thread_ordinal)
                SELECT room, seq, shard, '', sender, seq, seq, seq, seq, seq, seq
                  FROM unnest($1::text[], $2::bigint[], $3::smallint[], $4::text[]) AS rows (room, seq, shard, sender)
                """, [group.map(\.roomID), group.map(\.seq), group.map(\.shard), group.map(\.sender)]))
        let searched = group.filter { $0.words != nil }
        statements.append(
            PostgresStatement(
                """
                INSERT INTO event_search (room_id, seq, shard, event_id, origin_server_ts, key, words)
                SELECT room, seq, shard, event, 0, 1, words::tsvector
                  FROM unnest($1::text[], $2::bigint[], $3::smallint[], $4::text[], $5::text[])
                       AS rows (room, seq, shard, event, words)
                """,
                [
                    searched.map(\.roomID), searched.map(\.seq), searched.map(\.shard), searched.map(\.eventID),
                    searched.compactMap(\.words),
                ]))
        switch await connection.batch(statements) {
        case .committed: break
        case .failed(let error, _), .inDoubt(let error): throw error
        }
    }
}
