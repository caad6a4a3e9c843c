import Identifiers
import Storage
import WorkerContracts

/// Sends guests away from rooms that were closed to them (spec v1.19, "Guest Access").
package struct GuestRemover: Sendable {
    /// Guests sent away in one step.
    package static let stepMax = 50
    /// After this a room that a worker died over is taken up by another.
    static let claimLife = Duration.seconds(60)

    let store: GuestCheckStore
    let access: RoomAccess
    let leaves: QuietLeaves
    let clock: WallClock

    /// Does one step for one room.
    ///
    /// - Returns: whether there was one.
    package func step() async throws -> Bool {
        guard let claim = try await store.claim(at: clock.now(), for: Self.claimLife) else { return false }
        let guests =
            try await access.isOpenToGuests(claim.room) ? [] : await store.guests(claim, limit: Self.stepMax)
        guard let last = guests.last else {
            try await store.finish(claim)
            return true
        }
        for guest in guests { try await leaves.leave(claim.room, guest) }
        try await store.advance(claim, past: last.rawValue)
        return true
    }
}
