import CanonicalJSON
import ClusterHarness
import Identifiers
import Postgres
import Signing
import Synchronization

/// First syncs of accounts in 300 rooms of 300 members, beside the database's own reading of the same rows: all rooms
/// with their state at once, and a first window of twenty rooms.
struct FirstSyncs: Benchmark {
    static let name = "first-syncs"
    static let rooms = 300
    static let members = 300
    static let windowRooms = 20
    /// What a window shows of a room.
    static let windowState = ["m.room.create", "m.room.name", "m.room.avatar", "m.room.encryption", "m.room.tombstone"]
    /// More than the machine can: what is measured is the work, not the pace set.
    static let mebibytesPerSecond = 10_000

    func run() async throws -> [Figure] {
        let sessions = Mutex<[ChatSession]>([])
        return try await Cluster.with(
            ClusterShape(
                sync: 1, initial: 1, settings: ["sync.initial_mebibytes_per_second": "\(Self.mebibytesPerSecond)"]),
            prepare: { database, key in
                let made = try await Self.makeFixture(database, key)
                sessions.withLock { $0 = made }
            },
            { cluster in
                let sessions = sessions.withLock { $0 }
                let cold = try await timed { try await Self.firstSync(sessions[0], cluster) }
                let warm = try await timed { try await Self.firstSync(sessions[1], cluster) }
                // Once before it is timed: the syncs have had these pages read as well.
                _ = try await Self.bareRead(of: sessions[0], cluster)
                let bare = try await timed { try await Self.bareRead(of: sessions[0], cluster) }
                let windowCold = try await timed { try await Self.window(sessions[2], cluster) }
                let windowWarm = try await timed { try await Self.window(sessions[3], cluster) }
                let rooms = try await Self.rooms(of: sessions[2], cluster)
                let bareWindow = try await timed { try await Self.bareWindow(rooms, sessions[2], cluster) }
                return Self.figures("sync", cold: cold, warm: warm, bare: bare)
                    + Self.figures("window", cold: windowCold, warm: windowWarm, bare: bareWindow)
            })
    }

    private typealias Timed = (result: Int, took: Duration)

    private static func figures(_ name: String, cold: Timed, warm: Timed, bare: Timed) -> [Figure] {
        [
            Figure("\(name)_bytes", "\(cold.result)"), Figure("\(name)_cold", cold.took),
            Figure("\(name)_warm", warm.took), Figure("\(name)_cold_megabytes_per_second", speed(cold)),
            Figure("\(name)_warm_megabytes_per_second", speed(warm)), Figure("\(name)_bare", bare.took),
            Figure("\(name)_bare_bytes", "\(bare.result)"),
            Figure("\(name)_bare_megabytes_per_second", speed(bare)),
            Figure("\(name)_cold_to_bare", cold.took / bare.took, digits: 2),
            Figure("\(name)_warm_to_bare", warm.took / bare.took, digits: 2),
        ]
    }

    private static func speed(_ timed: Timed) -> Double { Double(timed.result) / 1e6 / timed.took.inSeconds }

    private static func firstSync(_ session: ChatSession, _ cluster: Cluster) async throws -> Int {
        let filter = #"{"room":{"timeline":{"limit":1}}}"#.escaped
        return try await cluster.ask(session, "GET", "/_matrix/client/v3/sync?timeout=0&filter=\(filter)").body.count
    }

    private static func window(_ session: ChatSession, _ cluster: Cluster) async throws -> Int {
        let state = (windowState.map { [$0, ""] } + [["m.room.member", "$ME"]]).map { pair in
            JSONValue.array(pair.map { .string($0) })
        }
        let list: JSONObject = [
            "ranges": .array([.array([0, .int(Int64(windowRooms - 1))])]), "timeline_limit": 1,
            "required_state": .array(state),
        ]
        let answer = try await cluster.ask(
            session, "POST", "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0",
            ["lists": ["all": .object(list)]])
        guard try JSONObject.parse(answer.body)["rooms"]?.objectValue?.count == windowRooms else {
            throw BenchmarkFailure.unexpected("a window of other than \(windowRooms) rooms")
        }
        return answer.body.count
    }

    /// The bytes of the events that are the state of the user's rooms.
    private static func bareRead(of session: ChatSession, _ cluster: Cluster) async throws -> Int {
        let rows = try await cluster.database.query(
            """
            SELECT e.json FROM current_membership AS m
              JOIN current_state AS s ON s.room_id = m.room_id
              JOIN event AS e ON e.event_id = s.event_id
             WHERE m.user_id = $1 AND m.membership = 'join'
            """, session.user.rawValue)
        return try size(rows)
    }

    private static func rooms(of session: ChatSession, _ cluster: Cluster) async throws -> [String] {
        let rows = try await cluster.database.query(
            """
            SELECT room_id FROM current_membership WHERE user_id = $1 AND membership = 'join' LIMIT $2
            """, session.user.rawValue, Int64(windowRooms))
        return try rows.map { try $0.text("room_id") }
    }

    /// The bytes of the events that a window of `rooms` shows.
    private static func bareWindow(
        _ rooms: [String], _ session: ChatSession, _ cluster: Cluster
    ) async throws -> Int {
        let rows = try await cluster.database.query(
            """
            SELECT e.json FROM current_state AS s
              JOIN event AS e ON e.event_id = s.event_id
             WHERE s.room_id = ANY($1::text[])
               AND (s.type = ANY($2::bytea[]) AND s.state_key = ''::bytea
                    OR s.type = 'm.room.member'::bytea AND s.state_key = $3)
            UNION ALL
            SELECT last.json FROM unnest($1::text[]) AS room (room_id)
             CROSS JOIN LATERAL (
                   SELECT e.json FROM event AS e WHERE e.room_id = room.room_id ORDER BY e.seq DESC LIMIT 1) AS last
            """, rooms, windowState.map { Array($0.utf8) }, Array(session.user.rawValue.utf8))
        return try size(rows)
    }

    private static func size(_ rows: PostgresRows) throws -> Int {
        try rows.reduce(0) { try $0 + $1.bytes("json").count }
    }

    private static func makeFixture(_ database: PostgresDatabase, _ key: SigningKey) async throws -> [ChatSession] {
        guard let server = ServerName(Cluster.serverName) else {
            preconditionFailure("the name of clusters under test is a server name")
        }
        let sessions = try await Population.make(members, named: "member", on: server, in: database)
        for number in 0..<rooms {
            let room = try RoomFixture(
                creator: sessions[0].user, others: sessions.dropFirst().map(\.user), server: server, key: key,
                createdAt: Timestamp(milliseconds: 1_700_000_000_000 + Int64(number)))
            try await room.write(to: database)
        }
        try await database.query("ANALYZE")
        return sessions
    }
}
