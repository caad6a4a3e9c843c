import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// What every way to invite asks first: invites are kept from users of this server who take none of the inviter's (spec
/// v1.19, "Invite permission"), and are counted.
struct InviteGuard: Sendable {
    let accountData: AccountDataStore
    let rates: RateLimits

    /// - Throws: `M_INVITE_BLOCKED` when `user` blocks invites by `inviter`, `M_LIMIT_EXCEEDED`.
    func check(_ user: UserID, by inviter: UserID, to room: RoomID) async throws {
        guard try await !allowed([user], by: inviter).isEmpty else {
            throw MatrixError(status: 403, errcode: "M_INVITE_BLOCKED", message: "\(user) takes no invites of yours.")
        }
        try await count([user], by: inviter)
        try await rates.demand(.invitesPerRoom, of: room.rawValue)
    }

    /// Counts invites of `users`, who are not too many, by `inviter`.
    ///
    /// - Throws: `M_LIMIT_EXCEEDED`.
    func count(_ users: [UserID], by inviter: UserID) async throws {
        try await rates.demand(.invitesPerIssuer, of: inviter.rawValue, count: users.count)
        for user in users { try await rates.demand(.invitesPerUser, of: user.rawValue) }
    }

    /// Those of `users` who do not block invites by `inviter`, in the order given.
    func allowed(_ users: [UserID], by inviter: UserID) async throws -> [UserID] {
        let contents = try await accountData.fetch(InvitePermission.types, of: users)
        return users.filter { user in
            let own = contents[user] ?? [:]
            return InvitePermission { own[ByteOrderedText($0)] }.verdict(on: inviter) != .block
        }
    }
}
