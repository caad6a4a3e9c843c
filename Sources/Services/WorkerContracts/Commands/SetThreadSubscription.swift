import CanonicalJSON
import Identifiers
import Storage

extension WriterCommand {
    public struct SetThreadSubscription: Sendable {
        public var user: UserID
        public var room: RoomID
        /// The event that the thread begins with.
        public var root: EventID
        /// What comes by itself changes nothing for who is subscribed, or unsubscribed after ``roomPosition``.
        public var state: ThreadSubscription.State
        /// Of the event that subscribes by itself, or how far the room is.
        public var roomPosition: ShardSequence

        public init(
            user: UserID, room: RoomID, root: EventID, state: ThreadSubscription.State, roomPosition: ShardSequence
        ) {
            self.user = user
            self.room = room
            self.root = root
            self.state = state
            self.roomPosition = roomPosition
        }
    }
}

extension WriterCommand.SetThreadSubscription {
    var fields: JSONObject {
        [
            "user": .string(user.rawValue), "room": .string(room.rawValue), "root": .string(root.rawValue),
            "state": .string(state.rawValue), "room_position": .int(roomPosition.value),
        ]
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        let (user, room) = (try reader.identifier("user") as UserID, try reader.identifier("room") as RoomID)
        let root: EventID = try reader.identifier("root")
        guard let state = ThreadSubscription.State(rawValue: try reader.string("state")) else {
            throw .invalid(field: "state")
        }
        self.init(
            user: user, room: room, root: root, state: state,
            roomPosition: ShardSequence(try reader.integer("room_position", in: 0 ... .max)))
    }
}
