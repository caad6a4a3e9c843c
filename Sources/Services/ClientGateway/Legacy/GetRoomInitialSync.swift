import CanonicalJSON
import ClientAPI
import HTTPServer
import Identifiers
import MatrixHTTP
import NIOCore
import RoomReading
import Storage

/// A room's state and latest events at once: `GET /_matrix/client/v3/rooms/{roomId}/initialSync` (spec v1.19,
/// "Room previews"); `/sync` and `/messages` have replaced it.
struct GetRoomInitialSync: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/rooms/{roomId}/initialSync", cost: .read)
    static let messagesMax = 20

    let reader: RoomReader
    let pages: EventPages
    let served: ServedEvents
    let lists: StateLists
    let accountData: AccountDataStore

    /// - Throws: `M_FORBIDDEN` for a room the caller may not read.
    func respond(to request: UserRequest) async throws -> PiecewiseAnswer {
        let room = try request.path("roomId", as: RoomID.self)
        let view = try await reader.demand(room, for: request.caller)
        let page = try await pages.page(
            in: view, from: view.position, direction: .backward, limit: Self.messagesMax, filter: EventFilter())
        let viewer = Viewer(user: request.caller, device: request.device)
        let chunk = try await served.serve(page.events.reversed(), to: viewer, in: view, includesRoom: true)
        let items = try await accountData.items(of: request.caller, in: [room], upTo: ShardSequence(.max))
        let start = page.next ?? page.events.last.map { $0.position.advanced(by: -1) } ?? view.position

        var writer = JSONWriter(reservingBytes: 1_024 * (chunk.count + 1))
        writer.beginObject()
        writer.key("account_data")
        AccountDataEvents.write(items, to: &writer)
        writer.member("membership", view.rule.membership ?? "leave")
        writer.key("messages")
        writer.beginObject()
        writer.member("chunk", chunk)
        writer.member("end", PaginationToken(view.position).text)
        writer.member("start", PaginationToken(start).text)
        writer.endObject()
        writer.member("room_id", room.rawValue)
        writer.key("state")
        writer.beginArray()
        let state = try await lists.pieces(at: view.position, in: view, .all)
        return PiecewiseAnswer(head: String(decoding: writer.bytes, as: UTF8.self), pieces: state, tail: "]}")
    }
}
