import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP

/// What a room is: `GET /_matrix/client/v1/room_summary/{roomIdOrAlias}` (spec v1.19, "Room previews").
struct GetRoomSummary: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v1/room_summary/{roomIdOrAlias}")

    let summaries: RoomSummaryReader

    func respond(to request: UserRequest) async throws -> JSONObject { try await summaries.read(request) }
}

/// The same under the path of MSC3266: `GET /_matrix/client/unstable/im.nheko.summary/summary/{roomIdOrAlias}`.
struct GetUnstableRoomSummary: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/unstable/im.nheko.summary/summary/{roomIdOrAlias}")

    let summaries: RoomSummaryReader

    func respond(to request: UserRequest) async throws -> JSONObject { try await summaries.readUnstable(request) }
}

/// The same under its first path: `GET /_matrix/client/unstable/im.nheko.summary/rooms/{roomIdOrAlias}/summary`.
struct GetFirstUnstableRoomSummary: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/unstable/im.nheko.summary/rooms/{roomIdOrAlias}/summary")

    let summaries: RoomSummaryReader

    func respond(to request: UserRequest) async throws -> JSONObject { try await summaries.readUnstable(request) }
}

/// What all ways of asking for a summary do.
struct RoomSummaryReader: Sendable {
    let previews: RoomPreviews
    let aliases: AliasResolver

    /// - Throws: `M_NOT_FOUND` for a room that is not there or is none of the caller's business, `M_INVALID_PARAM`.
    func read(_ request: UserRequest) async throws -> JSONObject {
        let room = try await aliases.room(named: try request.path("roomIdOrAlias"))
        guard let preview = try await previews.fetch([room])[room],
            let membership = try await previews.visible([preview], to: request.caller)[room]
        else { throw MatrixError.notFound("Room not found.") }
        var summary = preview.summary
        summary["membership"] = .string((membership ?? .leave).rawValue)
        return summary
    }

    /// With the names of MSC3266 besides.
    func readUnstable(_ request: UserRequest) async throws -> JSONObject {
        var summary = try await read(request)
        summary["im.nheko.summary.room_version"] = summary["room_version"]
        summary["im.nheko.summary.encryption"] = summary["encryption"]
        return summary
    }
}
