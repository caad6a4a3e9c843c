import Identifiers
import Logging
import ReplicationLog
import Storage
import WorkerRuntime

// Who hears of a change is found from its side: the rooms of the one user who changed, and in each of them those who wait
// here. So a user in a room of 100,000 costs a look at their own rooms, and what is woken; and since all changes of a
// second are taken together, a poll is woken by them once, and the next time only after a while.

/// Looks up the rooms of users whose presence changed, and wakes those who wait there.
struct PresencePlacer: Sendable {
    static let tick = Duration.seconds(1)

    let board: PresenceBoard
    let polls: ParkedPolls
    let users: UserRoomsMemory
    let tail: LogTail
    let logger: Logger

    func run() async {
        await repeatUntilCancelled(every: Self.tick, pausesFirst: true) {
            board.expire()
            do {
                try await place()
            } catch {
                // They stay unplaced, and are looked up again.
                logger.debug("presence not placed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Places what has changed, and wakes those who are due.
    func place(at now: ContinuousClock.Instant = .now) async throws {
        // The cut comes after: whoever came into a room is listed only once the cut has that.
        let (changed, version) = board.unplaced()
        guard let cut = tail.current else { return }
        let found = try await users.rooms(of: changed, at: cut)
        board.place(found, upTo: version)
        var rooms: Set<RoomID> = []
        for user in found.values { rooms.formUnion(user.joined.lazy.map(\.room)) }
        polls.applyPresence(in: rooms, at: now)
    }
}
