import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading

/// Forgets a room the caller has left: `POST /_matrix/client/v3/rooms/{roomId}/forget` (spec v1.19, "Leaving rooms").
struct ForgetRoom: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/forget", cost: .write)

    let rooms: RoomPlacements
    let access: RoomAccess
    let sender: CommandSender

    /// - Throws: `M_UNKNOWN` while the caller is in the room or invited, `M_NOT_FOUND` when they never were.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        guard let record = try await rooms.find(room),
            let membership = try await access.membership(of: request.caller, in: room)
        else { throw MatrixError.notFound("You have never been in this room.") }
        guard membership == .leave || membership == .ban else {
            throw MatrixError(status: 400, errcode: "M_UNKNOWN", message: "Leave the room before you forget it.")
        }
        try await sender.execute(
            .forgetRoom(.init(room: room, user: request.caller)), id: .random(), in: record.shard)
        return EmptyObject()
    }
}
