import Identifiers
import Postgres
import Signing

/// A room of thousands of members in a fresh database.
public enum LargeRoom {
    /// Makes `count` accounts and a room with all of them.
    public static func make(
        _ count: Int, in database: PostgresDatabase, _ key: SigningKey
    ) async throws -> (room: RoomFixture, sessions: [ChatSession]) {
        guard let server = ServerName(Cluster.serverName) else {
            preconditionFailure("the name of clusters under test is a server name")
        }
        let sessions = try await Population.make(count, named: "member", on: server, in: database)
        let room = try RoomFixture(
            creator: sessions[0].user, others: sessions.dropFirst().map(\.user), server: server, key: key)
        try await room.write(to: database)
        return (room, sessions)
    }
}
