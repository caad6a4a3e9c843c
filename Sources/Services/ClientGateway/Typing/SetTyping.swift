import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import WorkerContracts

/// Sets or clears the caller's typing notice: `PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}` (spec v1.19).
struct SetTyping: Endpoint {
    static let route = Route.client(.put, "/_matrix/client/v3/rooms/{roomId}/typing/{userId}", cost: .write)
    static let timeoutDefault = Duration.seconds(30)
    static let timeoutMax = Duration.seconds(120)

    let rooms: RoomPlacements
    let access: RoomAccess
    let sender: CommandSender
    let activity: UserActivity

    /// - Throws: `M_FORBIDDEN` for another user's ID or a room the caller is not in.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        let user = try request.path("userId", as: UserID.self)
        let body = BodyFields(try request.jsonBody())
        guard let typing = try body.bool("typing") else { throw MatrixError.missingParam("'typing' is missing.") }
        let asked = try body.int("timeout").map { Duration.milliseconds(max(0, $0)) } ?? Self.timeoutDefault
        guard user == request.caller else { throw MatrixError.forbidden("Typing can be set only for yourself.") }
        try await access.demandJoined(user, in: room)
        let shard = try await rooms.locate(room).shard
        let command = WriterCommand.SetTyping(
            room: room, user: user, timeout: typing ? min(asked, Self.timeoutMax) : nil)
        try await sender.execute(.setTyping(command), id: .random(), in: shard)
        activity.note(request)
        return EmptyObject()
    }
}
