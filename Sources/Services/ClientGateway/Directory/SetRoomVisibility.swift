import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import Storage
import WorkerContracts

/// Puts a room into the directory or takes it out: `PUT /_matrix/client/v3/directory/list/room/{roomId}` (spec v1.19).
///
/// Whoever may set the room's canonical alias may, and administrators of this server.
struct SetRoomVisibility: Endpoint {
    static let route = Route.client(.put, "/_matrix/client/v3/directory/list/room/{roomId}")

    let rooms: RoomPlacements
    let access: RoomAccess
    let accounts: AccountStore
    let published: PublishedRooms
    let clock: WallClock

    /// - Throws: `M_NOT_FOUND` for a room this server does not have, `M_FORBIDDEN`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let room = try request.path("roomId", as: RoomID.self)
        let isPublic = try Self.isPublic(BodyFields(try request.jsonBody()))
        guard try await rooms.find(room) != nil else { throw MatrixError.notFound("Room not found.") }
        guard try await mayPublish(room, request.caller) else {
            throw MatrixError.forbidden("You may not change whether this room is in the directory.")
        }
        if isPublic {
            let members = try await access.facts.joinedCounts(of: [room])[room] ?? 0
            try await published.insert(room, by: request.caller, members: members, at: clock.now())
        } else {
            try await published.delete(room)
        }
        return EmptyObject()
    }

    private static func isPublic(_ body: BodyFields) throws -> Bool {
        switch try body.string("visibility") {
        case nil, "public"?: true
        case "private"?: false
        default: throw MatrixError.invalidParam("'visibility' is public or private.")
        }
    }

    private func mayPublish(_ room: RoomID, _ caller: UserID) async throws -> Bool {
        if try await accounts.fetch(caller)?.isAdmin ?? false { return true }
        guard try await access.membership(of: caller, in: room) == .join else { return false }
        return try await access.maySend(stateType: "m.room.canonical_alias", caller, in: room)
    }
}
