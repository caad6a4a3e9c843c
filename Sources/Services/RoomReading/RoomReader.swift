import Identifiers
import ReplicationLog
import Storage

// Who may read a room at all, and up to where (spec v1.19, client-server API, "Room History Visibility" and the reading
// endpoints): members what there is, those who were members what there was until they left and unless they have
// forgotten it, and in a world-readable room everybody. What of that they see is for the view's rule to say.

/// Opens rooms to users who want to read them now.
public struct RoomReader: Sendable {
    private let views: RoomViews
    private let heads: ShardHeads
    private let forgotten: ForgottenRooms

    public init(views: RoomViews, heads: ShardHeads, forgotten: ForgottenRooms) {
        self.views = views
        self.heads = heads
        self.forgotten = forgotten
    }

    /// The room as `user` may read it; its `position` is where they left for those who did.
    ///
    /// - Returns: `nil` for a room they may not read, and equally for one that does not exist.
    public func open(_ room: RoomID, for user: UserID) async throws -> RoomView? {
        guard let placement = try await views.placements.find(room) else { return nil }
        // Everything is read up to one position: a kick cannot fall between the question and the answer.
        let head = try await heads.position(of: placement.shard)
        guard let view = try await views.view(of: room, for: user, at: head) else { return nil }
        if view.isJoined || view.rule.isWorldReadable { return view }
        guard let departure = view.rule.departure else { return nil }
        if let forgotten = try await forgotten.position(of: room, for: user), forgotten >= departure { return nil }
        return view.clipped(to: departure)
    }
}
