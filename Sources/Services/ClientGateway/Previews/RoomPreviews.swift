import Identifiers
import Storage

/// Reads previews of rooms, and says who may see them.
struct RoomPreviews: Sendable {
    /// The most rooms asked for at once.
    static let roomsMax = RoomFacts.roomsPerStatementMax

    let facts: RoomFacts

    /// Previews of those of `rooms` that this server has, at most ``roomsMax``.
    func fetch(_ rooms: [RoomID]) async throws -> [RoomID: RoomPreview] {
        async let states = facts.state(RoomPreview.types, of: rooms)
        async let counts = facts.joinedCounts(of: rooms)
        let (found, joined) = (try await states, try await counts)
        return found.reduce(into: [:]) { previews, entry in
            previews[entry.key] = RoomPreview(
                room: entry.key, state: entry.value, joinedCount: joined[entry.key] ?? 0)
        }
    }

    /// Those of `previews` that `user` may see (spec v1.19, "GET /rooms/{roomId}/hierarchy"): of rooms they are in,
    /// invited to, or could join, knock on or read.
    ///
    /// - Returns: the rooms, with the user's membership where they have one.
    func visible(_ previews: [RoomPreview], to user: UserID) async throws -> [RoomID: Membership?] {
        let allowed = Set(previews.flatMap(\.allowedRooms))
        let own = try await facts.memberships(of: user, in: previews.map(\.room) + allowed)
        func membership(_ room: RoomID) -> Membership? { own[room].flatMap(Membership.init) }
        var visible: [RoomID: Membership?] = [:]
        for preview in previews {
            let own = membership(preview.room)
            switch own {
            case .join, .invite: visible[preview.room] = .some(own)
            case .ban: continue
            case .leave, .knock, nil:
                let isWelcome = preview.allowedRooms.contains { membership($0) == .join }
                if preview.isOpen || isWelcome { visible[preview.room] = .some(own) }
            }
        }
        return visible
    }
}
