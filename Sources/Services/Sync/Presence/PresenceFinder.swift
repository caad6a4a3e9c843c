import Identifiers
import RoomReading
import WorkerContracts

/// Finds what a client is to be told of who is there, all of it in memory.
struct PresenceFinder: Sendable {
    /// The most users in one answer; of changes the rest comes with the next.
    static let usersMax = 200

    struct News: Sendable {
        var seen: [PresenceBoard.Seen] = []
        var position = PresencePosition.none
    }

    let board: PresenceBoard

    /// What is new for a user after `position`.
    ///
    /// Whoever comes without a position that counts here is told of some of their neighbours, everybody else of changes.
    func news(for user: UserRooms, since position: PresencePosition) -> News {
        if let (changed, end) = board.changed(after: position, for: user, limit: Self.usersMax) {
            return News(seen: changed, position: end)
        }
        // Who was never there has not to be told to someone who knows nothing.
        let (seen, end) = board.seen(
            in: user.joined.lazy.map(\.room.text), first: user.user, limit: Self.usersMax,
            includesOffline: position != .none)
        return News(seen: seen, position: end)
    }

    /// Who is there of the members of rooms the user has just come into.
    func members(of rooms: [RoomID]) -> [PresenceBoard.Seen] {
        board.seen(in: rooms.lazy.map(\.text), first: nil, limit: Self.usersMax, includesOffline: false).seen
    }
}
