import Identifiers
import Storage
import WorkerContracts

/// Does what is left to do for deactivated accounts: leaves their rooms and, for erased ones, deletes account data.
///
/// Every client worker runs one; each takes an account nobody works on and does one bounded step.
package struct AccountCleaner: Sendable {
    /// Rooms left, or pieces of account data deleted, in one step.
    package static let stepMax = 50
    /// After this an account that a worker died over is taken up by another.
    static let claimLife = Duration.seconds(60)

    let store: AccountCleanupStore
    let removal: DeviceRemoval
    let leaves: QuietLeaves
    let sender: CommandSender
    let clock: WallClock

    /// Does one step for one account.
    ///
    /// - Returns: whether there was one.
    package func step() async throws -> Bool {
        guard let claim = try await store.claim(at: clock.now(), for: Self.claimLife) else { return false }
        try await removal.removeAll(of: claim.user, except: nil, isForGood: true)
        let rooms = try await store.rooms(of: claim.user, after: claim.roomAfter, limit: Self.stepMax)
        if !rooms.isEmpty {
            try await leave(rooms, claim)
        } else if try await !eraseAccountData(claim) {
            try await store.finish(claim.user)
        }
        return true
    }

    /// When a room's writer cannot be reached it is tried again, from there.
    private func leave(_ rooms: [RoomID], _ claim: AccountCleanupStore.Claim) async throws {
        var last = claim.roomAfter
        for room in rooms {
            do {
                try await leaves.leave(room, claim.user)
            } catch {
                try await store.advance(claim.user, past: last)
                throw error
            }
            last = room.rawValue
        }
        try await store.advance(claim.user, past: last)
    }

    /// - Returns: whether there was some; the next step goes on.
    private func eraseAccountData(_ claim: AccountCleanupStore.Claim) async throws -> Bool {
        guard claim.isErased else { return false }
        let pieces = try await store.accountData(of: claim.user, limit: Self.stepMax)
        for piece in pieces {
            try await sender.execute(
                .setAccountData(.init(user: claim.user, room: piece.room, type: piece.type, content: nil)),
                id: .random(), for: claim.user)
        }
        guard !pieces.isEmpty else { return false }
        try await store.advance(claim.user, past: claim.roomAfter)
        return true
    }
}
