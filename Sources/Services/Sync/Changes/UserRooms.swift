import Identifiers
import Storage

/// A user's memberships at one cut, made once and shared by the user's polls.
final class UserRooms: Sendable {
    let user: UserID
    /// The user's own shard.
    let shard: ShardID
    /// By room ID, as log entries name rooms.
    let rooms: [ByteOrderedText: UserRoom]

    init(user: UserID, shard: ShardID, rooms: [UserRoom]) {
        self.user = user
        self.shard = shard
        self.rooms = Dictionary(rooms.map { ($0.room.text, $0) }, uniquingKeysWith: { $1 })
    }

    subscript(room: RoomID) -> UserRoom? { rooms[room.text] }

    func isJoined(_ room: ByteOrderedText) -> Bool { rooms[room]?.membership == .join }

    /// In no particular order.
    var joined: [UserRoom] { rooms.values.filter { $0.membership == .join } }
}
