import Identifiers
import Storage
import Synchronization

/// Where rooms are and by what rules they go; neither ever changes, so an answer is kept.
public final class RoomPlacements: Sendable {
    /// The most rooms remembered; beyond, the memory starts anew.
    static let rememberedMax = 100_000

    private let facts: RoomFacts
    private let remembered = Mutex<[RoomID: RoomPlacement]>([:])

    public init(facts: RoomFacts) {
        self.facts = facts
    }

    /// The room's placement; `nil` when this server has no such room.
    public func find(_ room: RoomID) async throws -> RoomPlacement? {
        if let known = remembered.withLock({ $0[room] }) { return known }
        guard let placement = try await facts.placement(of: room) else { return nil }
        remembered.withLock { rooms in
            if rooms.count >= Self.rememberedMax { rooms.removeAll() }
            rooms[room] = placement
        }
        return placement
    }
}
