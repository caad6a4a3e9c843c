import Identifiers
import MatrixHTTP

/// What every way into a room asks first: whether guests may come in (spec v1.19, "Guest Access"), and how many came.
struct JoinGuard: Sendable {
    let access: RoomAccess
    let rates: RateLimits

    /// - Throws: `M_GUEST_ACCESS_FORBIDDEN`, `M_LIMIT_EXCEEDED`.
    func check(_ request: UserRequest, _ room: RoomID) async throws {
        if request.isGuest, try await !access.isOpenToGuests(room) { throw MatrixError.guestAccessForbidden }
        try await rates.demand(.joinsLocal, of: request.caller.rawValue)
        try await rates.demand(.joinsPerRoom, of: room.rawValue)
    }

    /// As ``check(_:_:)`` for a caller who may be in the room already and changes how they are shown there.
    func checkUnlessJoined(_ request: UserRequest, _ room: RoomID) async throws {
        guard try await access.membership(of: request.caller, in: room) != .join else { return }
        try await check(request, room)
    }
}
