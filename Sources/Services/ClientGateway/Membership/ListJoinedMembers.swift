import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// Who is in a room, with their profiles: `GET /_matrix/client/v3/rooms/{roomId}/joined_members` (spec v1.19).
struct ListJoinedMembers: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/rooms/{roomId}/joined_members", cost: .read)
    /// The most members of an answer.
    static let membersMax = 200_000

    let access: RoomAccess
    let members: CurrentMembers

    /// - Throws: `M_FORBIDDEN` unless the caller is in the room.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        let room = try request.path("roomId", as: RoomID.self)
        try await access.demandJoined(request.caller, in: room)
        var writer = JSONWriter(reservingBytes: 4_096)
        writer.beginObject()
        writer.key("joined")
        writer.beginObject()
        var last: UserID?
        for _ in 0..<(Self.membersMax / CurrentMembers.pageMax) {
            let page = try await members.joined(in: room, after: last)
            for member in page { Self.write(member, to: &writer) }
            guard page.count == CurrentMembers.pageMax, let end = page.last else { break }
            last = end.user
        }
        writer.endObject()
        writer.endObject()
        return JSONBytes(writer.bytes)
    }

    private static func write(_ member: RoomMember, to writer: inout JSONWriter) {
        writer.key(member.user.rawValue)
        writer.beginObject()
        if let url = member.avatarURL { writer.member("avatar_url", url) }
        if let name = member.displayName { writer.member("display_name", name) }
        writer.endObject()
    }
}
