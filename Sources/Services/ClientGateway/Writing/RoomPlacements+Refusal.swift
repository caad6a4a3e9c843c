import Identifiers
import MatrixHTTP
import RoomReading
import Storage

extension RoomPlacements {
    /// The room's placement.
    ///
    /// - Throws: `M_FORBIDDEN`, the same as for a room the caller is not in, so that rooms cannot be probed.
    func locate(_ room: RoomID) async throws -> RoomPlacement {
        guard let placement = try await find(room) else { throw MatrixError.forbidden("You are not in this room.") }
        return placement
    }
}
