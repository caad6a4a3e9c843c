import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomRules

/// Replaces a room by one of another version: `POST /_matrix/client/v3/rooms/{roomId}/upgrade` (spec v1.19, "Room
/// Upgrades").
struct UpgradeRoom: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/rooms/{roomId}/upgrade", cost: .write)
    /// The most users the request names as creators.
    static let creatorsMax = 100

    let upgrader: RoomUpgrader

    /// - Throws: `M_FORBIDDEN` unless the caller is in the room and may send a tombstone,
    ///   `M_UNSUPPORTED_ROOM_VERSION`, `M_BAD_JSON`, `M_MISSING_PARAM`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        let body = BodyFields(try request.jsonBody())
        let name = try body.requiredString("new_version")
        let creators = try body.identifiers("additional_creators", as: UserID.self) ?? []
        guard creators.count <= Self.creatorsMax else {
            throw MatrixError.invalidParam("At most \(Self.creatorsMax) users are named as creators.")
        }
        guard let version = RoomVersion(name) else {
            throw MatrixError(
                status: 400, errcode: "M_UNSUPPORTED_ROOM_VERSION", message: "This server has no such room version.")
        }
        let replacement = try await upgrader.upgrade(
            room, to: version, by: request.caller, creators: creators.filter { $0 != request.caller })
        return ["replacement_room": .string(replacement.rawValue)]
    }
}
