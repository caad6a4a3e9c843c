import Identifiers
import Storage

/// A user's memberships at one cut, made once and shared by the user's polls.
package final class UserRooms: Sendable {
    let user: UserID
    /// The user's own shard.
    let shard: ShardID
    /// By room ID, as log entries name rooms.
    let rooms: [ByteOrderedText: UserRoom]

    package init(user: UserID, shard: ShardID, rooms: [UserRoom]) {
        self.user = user
        self.shard = shard
        self.rooms = Dictionary(rooms.map { ($0.room.text, $0) }, uniquingKeysWith: { $1 })
    }

    subscript(room: RoomID) -> UserRoom? { rooms[room.text] }

    func isJoined(_ room: ByteOrderedText) -> Bool { rooms[room]?.membership == .join }

    /// Whether both are in some room.
    func sharesRoom(with other: UserRooms) -> Bool {
        let (few, many) = rooms.count <= other.rooms.count ? (self, other) : (other, self)
        return few.rooms.values.contains { $0.membership == .join && many.isJoined($0.room.text) }
    }

    /// In no particular order.
    var joined: [UserRoom] { rooms.values.filter { $0.membership == .join } }
}
