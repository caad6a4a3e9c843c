import Identifiers
import RoomReading
import Storage
import WorkerContracts

/// Finds what a client is to be told of who is there.
struct PresenceFinder: Sendable {
    /// The most users in one answer; of changes the rest comes with the next.
    static let usersMax = 200

    struct News: Sendable {
        var seen: [PresenceBoard.Seen] = []
        var position = PresencePosition.none
    }

    let board: PresenceBoard
    let neighbours: NeighbourStore

    /// What is new for a user after `position`.
    ///
    /// Whoever comes without a position that counts here is told of some of their neighbours, who are read from the
    /// database; everybody else of changes, which are in memory with the rooms they concern.
    func news(for user: UserRooms, since position: PresencePosition) async throws -> News {
        guard let (changed, end) = board.changed(after: position) else {
            return try await everybody(for: user, isFirst: position == .none)
        }
        var news = News(position: end)
        for seen in changed where Self.concerns(seen, user) {
            news.seen.append(seen)
            if news.seen.count == Self.usersMax {
                news.position = board.position(of: seen)
                break
            }
        }
        return news
    }

    private func everybody(for user: UserRooms, isFirst: Bool) async throws -> News {
        // Taken before the neighbours are read: what changes meanwhile is told again.
        let (own, position) = board.seen([user.user])
        guard !board.isEmpty else { return News(position: position) }
        let members = try await neighbours.members(of: user.joined.map(\.room)).subtracting([user.user])
        var seen = own + board.seen(members).seen
        // Who was never there has not to be told to someone who knows nothing.
        if isFirst { seen.removeAll { $0.presence.state == .offline } }
        return News(seen: Array(seen.prefix(Self.usersMax)), position: position)
    }

    /// Who is there of the members of rooms the user has just come into.
    func members(of rooms: [RoomID]) async throws -> [PresenceBoard.Seen] {
        guard !rooms.isEmpty, !board.isEmpty else { return [] }
        let seen = board.seen(try await neighbours.members(of: rooms)).seen
        return Array(seen.filter { $0.presence.state != .offline }.prefix(Self.usersMax))
    }

    private static func concerns(_ seen: PresenceBoard.Seen, _ user: UserRooms) -> Bool {
        if seen.presence.user == user.user { return true }
        guard let rooms = seen.rooms else { return false }
        return user.sharesRoom(with: rooms)
    }
}
