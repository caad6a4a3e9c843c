import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage

/// Lists the rooms of the directory that somebody wants.
struct RoomDirectory: Sendable {
    /// The most rooms looked at for one answer; a search that finds less among them goes on with the next page.
    static let scannedMax = 2_000

    let server: ServerName
    let published: PublishedRooms
    let previews: RoomPreviews

    /// - Throws: `M_FORBIDDEN` for another server's directory, `M_INVALID_PARAM` for what is no server name.
    func demandOwn(_ text: String?) throws {
        guard let text else { return }
        guard let asked = ServerName(text) else { throw MatrixError.invalidParam("'server' is not a server name.") }
        guard asked == server else { throw MatrixError.forbidden("This server does not reach other servers.") }
    }

    /// A page of rooms, the largest first.
    func list(_ query: DirectoryQuery) async throws -> JSONObject {
        var chunk: [RoomPreview] = []
        var last = query.since
        var next: PublishedRoom?
        var scanned = 0
        scan: while scanned < Self.scannedMax {
            let page = try await published.page(after: last, limit: PublishedRooms.pageMax)
            let fetched = try await previews.fetch(page.map(\.room))
            try await published.update(Self.moved(page, fetched))
            for room in page {
                if chunk.count == query.limit {
                    next = last
                    break scan
                }
                if let preview = fetched[room.room], preview.isOpen, query.wants(preview) { chunk.append(preview) }
                last = room
                scanned += 1
            }
            guard page.count == PublishedRooms.pageMax else { break }
            if scanned >= Self.scannedMax { next = last }
        }
        var answer: JSONObject = [
            "chunk": .array(chunk.map { .object($0.json) }),
            "total_room_count_estimate": .int(Int64(try await published.count())),
        ]
        answer["next_batch"] = next.map { .string(DirectoryQuery.token(after: $0)) }
        return answer
    }

    /// The rooms that have grown or shrunk into another class.
    private static func moved(_ page: [PublishedRoom], _ previews: [RoomID: RoomPreview]) -> [PublishedRoom] {
        page.compactMap { room in
            let sizeClass = PublishedRoom.sizeClass(members: previews[room.room]?.joinedCount ?? 0)
            return sizeClass == room.sizeClass ? nil : PublishedRoom(room: room.room, sizeClass: sizeClass)
        }
    }
}
