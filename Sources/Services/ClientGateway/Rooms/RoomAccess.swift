import CanonicalJSON
import Events
import Identifiers
import MatrixHTTP
import RoomReading
import RoomRules
import Storage

/// What endpoints ask about rooms before they act.
///
/// The room's writer judges again by the rules; what is asked here gives the caller the right refusal, or guards what
/// the rules do not know of.
struct RoomAccess: Sendable {
    /// The most members looked at to find one who may vouch for a join: of those the power levels name, and of others.
    static let vouchersMax = 1_000

    let facts: RoomFacts
    let rooms: RoomPlacements

    /// The user's membership of `room`; `nil` when they never had one.
    func membership(of user: UserID, in room: RoomID) async throws -> Membership? {
        try await facts.membership(of: user, in: room).flatMap(Membership.init)
    }

    /// - Throws: `M_FORBIDDEN` unless the user is in `room`.
    func demandJoined(_ user: UserID, in room: RoomID) async throws {
        guard try await membership(of: user, in: room) == .join else {
            throw MatrixError.forbidden("You are not in this room.")
        }
    }

    /// Whether guests may be in `room`.
    func isOpenToGuests(_ room: RoomID) async throws -> Bool {
        try await currentContent(.guestAccess, in: room)?["guest_access"]?.stringValue == "can_join"
    }

    /// - Throws: `M_USER_SUSPENDED` unless `event` is one that `user`, who is suspended, sent to `room`.
    func demandOwn(_ event: EventID, of user: UserID, in room: RoomID) async throws {
        guard try await facts.sender(of: event, in: room) == user else { throw MatrixError.userSuspended }
    }

    /// - Throws: `M_NOT_FOUND` unless `event` is one of `room`.
    func demandEvent(_ event: EventID, in room: RoomID) async throws {
        guard try await facts.has(event, in: room) else { throw MatrixError.notFound("The room has no such event.") }
    }

    func joinedRooms(of user: UserID) async throws -> [RoomID] {
        try await facts.joinedRooms(of: user)
    }

    /// The content of a piece of current state; `nil` when it is not set or there is no such room.
    func currentContent(_ type: String, _ stateKey: String, in room: RoomID) async throws -> JSONObject? {
        try await currentContent(StateMapKey(type: type, stateKey: stateKey), in: room)
    }

    func currentContent(_ key: StateMapKey, in room: RoomID) async throws -> JSONObject? {
        guard let placement = try await rooms.find(room) else { return nil }
        return try await facts.state([key], of: room, version: placement.version)[key]?.content
    }

    /// Whether everybody may read `room`.
    func isWorldReadable(_ room: RoomID) async throws -> Bool {
        let visibility = try await currentContent("m.room.history_visibility", "", in: room)
        return visibility?["history_visibility"]?.stringValue == "world_readable"
    }

    /// Whether the power of `user` suffices to send state of `type` to `room`.
    func maySend(stateType type: String, _ user: UserID, in room: RoomID) async throws -> Bool {
        guard let levels = try await powerLevels(of: room) else { return false }
        return levels.level(of: user) >= levels.required(type: type, isState: true)
    }

    /// - Throws: `M_FORBIDDEN` unless `user` is in `room` and has the power to invite.
    func demandMayInvite(_ user: UserID, to room: RoomID) async throws {
        try await demandJoined(user, in: room)
        guard let levels = try await powerLevels(of: room), levels.level(of: user) >= levels.invite else {
            throw MatrixError.forbidden("You may not invite to this room.")
        }
    }

    /// Whether `user` is in at least one of `rooms`.
    func isJoined(_ user: UserID, toOneOf rooms: [RoomID]) async throws -> Bool {
        try await facts.isJoined(user, toOneOf: rooms)
    }

    /// A member of `room` of this server who may invite; `nil` when there is none among those looked at.
    ///
    /// Those with power come first: in a large room where only they may invite they are few, and anywhere in the list.
    func memberWhoMayInvite(to room: RoomID) async throws -> UserID? {
        guard let placement = try await rooms.find(room) else { return nil }
        let state = try await facts.state([.create, .powerLevels], of: room, version: placement.version)
        let levels = PowerLevels(event: state[.powerLevels], create: state[.create], rules: placement.version.rules)
        let powerful = Self.named(in: state).filter { levels.level(of: $0) >= levels.invite }
        let present = try await facts.joinedLocalMembers(of: room, among: Array(powerful.prefix(Self.vouchersMax)))
        if let first = present.first { return first }
        guard levels.usersDefault >= levels.invite else { return nil }
        let members = try await facts.joinedLocalMembers(of: room, limit: Self.vouchersMax)
        return members.first { levels.level(of: $0) >= levels.invite }
    }

    /// The users that a room's create event and power levels name.
    private static func named(in state: [StateMapKey: Event]) -> [UserID] {
        let listed = state[.powerLevels]?.content["users"]?.objectValue?.keys.compactMap { UserID($0) } ?? []
        guard let create = state[.create] else { return listed }
        let others = create.content["additional_creators"]?.arrayValue ?? []
        return [create.sender] + others.compactMap { $0.stringValue.flatMap { UserID($0) } } + listed
    }

    private func powerLevels(of room: RoomID) async throws -> PowerLevels? {
        guard let placement = try await rooms.find(room) else { return nil }
        let state = try await facts.state([.create, .powerLevels], of: room, version: placement.version)
        return PowerLevels(event: state[.powerLevels], create: state[.create], rules: placement.version.rules)
    }
}
