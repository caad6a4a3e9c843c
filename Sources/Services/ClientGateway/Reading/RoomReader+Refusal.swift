import Identifiers
import MatrixHTTP
import RoomReading

extension RoomReader {
    /// The room as `user` may read it.
    ///
    /// - Throws: `M_FORBIDDEN` for a room they may not read, and equally for one that does not exist.
    func demand(_ room: RoomID, for user: UserID) async throws -> RoomView {
        guard let view = try await open(room, for: user) else {
            throw MatrixError.forbidden("You are not, and were not, in this room.")
        }
        return view
    }
}
