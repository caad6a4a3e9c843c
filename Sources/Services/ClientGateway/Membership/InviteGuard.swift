import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// Keeps invites from users of this server who take none of the inviter's (spec v1.19, "Invite permission").
struct InviteGuard: Sendable {
    let accountData: AccountDataStore

    /// - Throws: `M_INVITE_BLOCKED` when `user` blocks invites by `inviter`.
    func check(_ user: UserID, by inviter: UserID) async throws {
        guard try await allowed([user], by: inviter).isEmpty else { return }
        throw MatrixError(status: 403, errcode: "M_INVITE_BLOCKED", message: "\(user) takes no invites of yours.")
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
