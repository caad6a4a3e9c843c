import Identifiers

/// Rooms full of chat clients, each client in one room.
public struct Crowd: Sendable {
    public struct Room: Sendable {
        public let room: RoomID
        public let members: [ChatClient]
    }

    public let rooms: [Room]
    public let recorder: HistoryRecorder

    public var clients: [ChatClient] { rooms.flatMap(\.members) }
    public var roomIDs: Set<RoomID> { Set(rooms.map(\.room)) }

    /// Makes rooms and joins everybody, through the API.
    public static func gather(
        rooms roomCount: Int, membersEach memberCount: Int, named name: String = "user", in cluster: Cluster
    ) async throws -> Crowd {
        let recorder = HistoryRecorder()
        let sessions = try await Population.make(
            roomCount * memberCount, named: name, on: cluster.server, in: cluster.database)
        let clients = sessions.map {
            ChatClient(homeserver: cluster.router, session: $0, recorder: recorder)
        }
        let rooms = try await map(Array(0..<roomCount), atMost: 8) { number in
            let members = Array(clients[number * memberCount..<(number + 1) * memberCount])
            let room = try await members[0].createRoom()
            for member in members.dropFirst() { try await member.join(room) }
            for member in members { recorder.entitle(member.stream, to: [room]) }
            return Room(room: room, members: members)
        }
        return Crowd(rooms: rooms, recorder: recorder)
    }

    /// The same clients, talking to another address or by another connection.
    public func talking(to homeserver: Homeserver) -> Crowd {
        Crowd(
            rooms: rooms.map { room in
                Room(room: room.room, members: room.members.map { $0.talking(to: homeserver) })
            }, recorder: recorder)
    }

    /// Each client's first sync, on record as the start of its stream.
    public func firstSyncs() async throws -> [(client: ChatClient, since: String)] {
        try await map(clients, atMost: 8) { client in
            (client, try await client.follow(since: nil, wait: .zero).next)
        }
    }
}
