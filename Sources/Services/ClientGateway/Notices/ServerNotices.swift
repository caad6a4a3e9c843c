import CanonicalJSON
import Identifiers
import MatrixHTTP
import RoomRules
import Storage
import WorkerContracts

// Notices come from a user of the server's own that nobody can log in as. The room is made when there is a first thing to
// say; two workers that make it at the same moment agree on one by the table, and the other room stays empty.

/// Tells users something in the name of the server (spec v1.19, "Server Notices").
package struct ServerNotices: Sendable {
    /// The localpart of the user that notices come from.
    static let localpart = "server-notices"
    static let displayName = "Server Notices"
    static let tag = "m.server_notice"

    let server: ServerName
    let shardCount: Int
    let genesis: RoomGenesis
    let rooms: ServerNoticeRooms
    let access: RoomAccess
    let tags: RoomTags
    let memberships: MembershipWriter
    let sender: CommandSender
    let clock: WallClock

    private var author: UserID {
        guard let author = UserID(localpart: Self.localpart, server: server) else {
            preconditionFailure("the localpart of notices makes a user ID")
        }
        return author
    }

    /// Sends `content` to `user`, who has an account, in their room of notices, and invites them there.
    ///
    /// - Parameter content: of an `m.room.message`; its `msgtype` becomes `m.server_notice`.
    /// - Returns: the notice's event ID.
    /// - Throws: `M_NOT_FOUND` for a user without an account, what the room's writer refuses with.
    @discardableResult
    package func send(_ content: JSONObject, to user: UserID) async throws -> EventID {
        let room = try await room(of: user)
        switch try await access.membership(of: user, in: room) {
        case .join, .invite: break
        case .leave, .knock, .ban, nil:
            try await memberships.set(.invite, of: user, by: author, in: room, reason: nil, showsProfile: true)
        }
        var notice = content
        notice["msgtype"] = .string(Self.tag)
        try EventLimits.check(content: notice)
        let draft = EventDraft(type: "m.room.message", stateKey: nil, sender: author, content: notice)
        return try await sender.append(draft, to: room, id: .random())
    }

    private func room(of user: UserID) async throws -> RoomID {
        if let room = try await rooms.fetch(user) { return room }
        guard try await sender.users.shard(of: user) != nil else { throw MatrixError.notFound("No such user.") }
        let version = RoomVersion.default
        let start = try genesis.make(
            version, createContent: ["room_version": .string(version.name)], by: author, firstEvents, at: clock.now())
        try await sender.execute(
            .createRoom(start.command), id: .random(), in: ShardID.placement(of: start.room, count: shardCount))
        let room = try await rooms.insert(start.room, for: user)
        try await tags.change(Self.tag, to: [:], RoomTags.Path(user: user, room: room))
        return room
    }

    /// Nobody but the server writes, or brings anybody.
    private var firstEvents: [EventDraft] {
        func state(_ type: String, _ key: String, _ content: JSONObject) -> EventDraft {
            EventDraft(type: type, stateKey: key, sender: author, content: content)
        }
        return [
            state(
                "m.room.member", author.rawValue, ["membership": "join", "displayname": .string(Self.displayName)]),
            state(
                "m.room.power_levels", "",
                ["users_default": -10, "events_default": 0, "state_default": 50, "invite": 50, "redact": 50]),
            state("m.room.join_rules", "", ["join_rule": "invite"]),
            state("m.room.history_visibility", "", ["history_visibility": "shared"]),
            state("m.room.guest_access", "", ["guest_access": "forbidden"]),
            state("m.room.name", "", ["name": .string(Self.displayName)]),
        ]
    }
}
