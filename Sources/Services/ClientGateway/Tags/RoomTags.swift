import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// A user's tags of rooms, which are account data of type `m.tag` (spec v1.19, "Room Tagging").
struct RoomTags: Sendable {
    /// The longest tag, in bytes.
    static let tagBytesMax = 255

    /// Whose tags of which room.
    struct Path {
        let user: UserID
        let room: RoomID

        init(user: UserID, room: RoomID) {
            self.user = user
            self.room = room
        }

        /// - Throws: `M_FORBIDDEN` for another user's, `M_INVALID_PARAM` for a bad ID.
        init(_ request: UserRequest) throws {
            user = try request.path("userId", as: UserID.self)
            room = try request.path("roomId", as: RoomID.self)
            guard user == request.caller else { throw MatrixError.forbidden("These are another user's tags.") }
        }
    }

    let store: AccountDataStore
    let sender: CommandSender

    /// - Throws: `M_INVALID_PARAM` for an empty or over-long one.
    static func tag(_ request: UserRequest) throws -> String {
        let tag = try request.path("tag")
        guard !tag.isEmpty, tag.utf8.count <= tagBytesMax else {
            throw MatrixError.invalidParam("A tag is 1 to \(tagBytesMax) bytes.")
        }
        return tag
    }

    func list(_ path: Path) async throws -> JSONObject {
        let content = try await store.fetch(
            WriterCommand.SetTag.accountDataType, of: path.user, in: path.room)
        return content?["tags"]?.objectValue ?? JSONObject()
    }

    /// Sets a tag, or removes it when `content` is `nil`; the user's shard's owner does it beside the other tags.
    func change(_ tag: String, to content: JSONObject?, _ path: Path) async throws {
        try await sender.execute(
            .setTag(.init(user: path.user, room: path.room, tag: tag, content: content)), id: .random(), for: path.user)
    }
}
