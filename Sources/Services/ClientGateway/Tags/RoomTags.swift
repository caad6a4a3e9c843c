import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// A user's tags of rooms, which are account data of type `m.tag` (spec v1.19, "Room Tagging").
struct RoomTags: Sendable {
    static let type = "m.tag"
    /// The longest tag, in bytes.
    static let tagBytesMax = 255

    /// Whose tags of which room.
    struct Path {
        let user: UserID
        let room: RoomID

        /// - Throws: `M_FORBIDDEN` for another user's, `M_INVALID_PARAM` for a bad ID.
        init(_ request: UserRequest) throws {
            user = try request.path("userId", as: UserID.self)
            room = try request.path("roomId", as: RoomID.self)
            guard user == request.caller else { throw MatrixError.forbidden("These are another user's tags.") }
        }
    }

    let store: AccountDataStore
    let sender: CommandSender
    private let turns = UserTurns()

    init(store: AccountDataStore, sender: CommandSender) {
        self.store = store
        self.sender = sender
    }

    /// - Throws: `M_INVALID_PARAM` for an empty or over-long one.
    static func tag(_ request: UserRequest) throws -> String {
        let tag = try request.path("tag")
        guard !tag.isEmpty, tag.utf8.count <= tagBytesMax else {
            throw MatrixError.invalidParam("A tag is 1 to \(tagBytesMax) bytes.")
        }
        return tag
    }

    func list(_ path: Path) async throws -> JSONObject {
        try await store.fetch(Self.type, of: path.user, in: path.room)?["tags"]?.objectValue ?? JSONObject()
    }

    func change(_ path: Path, _ change: (inout JSONObject) -> Void) async throws {
        try await turns.with(path.user) { try await apply(change, to: path) }
    }

    private func apply(_ change: (inout JSONObject) -> Void, to path: Path) async throws {
        var content = try await store.fetch(Self.type, of: path.user, in: path.room) ?? JSONObject()
        var tags = content["tags"]?.objectValue ?? JSONObject()
        let old = tags
        change(&tags)
        guard tags != old else { return }
        content["tags"] = .object(tags)
        try AccountDataLimits.check(content)
        try await sender.execute(
            .setAccountData(.init(user: path.user, room: path.room, type: Self.type, content: content)), id: .random(),
            for: path.user)
    }
}
