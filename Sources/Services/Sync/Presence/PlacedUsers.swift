import Identifiers

/// Which users of whom something is known are in a room: each is entered under the rooms they were in when last placed.
package struct PlacedUsers {
    /// The most entries one question looks at; whoever has more neighbours is told of some.
    package static let looksMax = 20_000

    private var rooms: [UserID: UserRooms] = [:]
    private var byRoom: [ByteOrderedText: Set<UserID>] = [:]

    package init() {}

    /// The rooms `user` was in when placed; `nil`: not placed, or going somewhere since.
    subscript(user: UserID) -> UserRooms? { rooms[user] }

    package mutating func enter(_ user: UserID, _ placed: UserRooms) {
        leave(user)
        rooms[user] = placed
        for room in placed.joined { byRoom[room.room.text, default: []].insert(user) }
    }

    package mutating func leave(_ user: UserID) {
        guard let left = rooms.removeValue(forKey: user) else { return }
        for room in left.joined {
            byRoom[room.room.text]?.remove(user)
            if byRoom[room.room.text]?.isEmpty ?? false { byRoom[room.room.text] = nil }
        }
    }

    /// Up to `limit` users of `rooms` that `isWanted`, each once.
    package func users(
        of rooms: some Sequence<ByteOrderedText>, limit: Int, where isWanted: (UserID) -> Bool
    ) -> Set<UserID> {
        var found: Set<UserID> = []
        var looks = 0
        for room in rooms {
            for user in byRoom[room] ?? [] {
                looks += 1
                if isWanted(user) { found.insert(user) }
                if found.count == limit || looks == Self.looksMax { return found }
            }
        }
        return found
    }
}
