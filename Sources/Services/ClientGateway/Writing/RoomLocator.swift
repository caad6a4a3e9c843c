import Identifiers
import MatrixHTTP
import Storage
import Synchronization

/// Where rooms are: their shard and version never change, so an answer is kept for ever.
final class RoomLocator: Sendable {
    /// The most rooms remembered; beyond, the memory starts anew.
    static let rememberedMax = 100_000

    private let facts: RoomFacts
    private let remembered = Mutex<[RoomID: RoomPlacement]>([:])

    init(facts: RoomFacts) {
        self.facts = facts
    }

    /// The room's record; `nil` when this server has no such room.
    func find(_ room: RoomID) async throws -> RoomPlacement? {
        if let known = remembered.withLock({ $0[room] }) { return known }
        guard let record = try await facts.placement(of: room) else { return nil }
        remember(record, of: room)
        return record
    }

    /// The room's record.
    ///
    /// - Throws: `M_FORBIDDEN`, the same as for a room the caller is not in, so that rooms cannot be probed.
    func locate(_ room: RoomID) async throws -> RoomPlacement {
        guard let record = try await find(room) else { throw MatrixError.forbidden("You are not in this room.") }
        return record
    }

    private func remember(_ record: RoomPlacement, of room: RoomID) {
        remembered.withLock { rooms in
            if rooms.count >= Self.rememberedMax { rooms.removeAll() }
            rooms[room] = record
        }
    }
}
