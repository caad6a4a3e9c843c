import Identifiers
import MatrixHTTP
import Storage

/// What somebody wants of the room directory.
struct DirectoryQuery: Sendable {
    static let limitDefault = 50
    /// The most rooms of an answer.
    static let limitMax = 100
    /// The longest search term, in bytes.
    static let termBytesMax = 255

    let limit: Int
    /// The last room of the page before.
    let since: PublishedRoom?
    /// Text to be found in a room's name, topic or alias.
    var term: String?
    /// The types wanted, `nil` among them for rooms without one; `nil`: all.
    var types: [String?]?

    /// - Throws: `M_INVALID_PARAM` for a limit below one or a token of another server.
    init(limit: Int64?, since: String?) throws {
        let limit = limit ?? Int64(Self.limitDefault)
        guard limit > 0 else { throw MatrixError.invalidParam("'limit' is at least 1.") }
        self.limit = Int(min(limit, Int64(Self.limitMax)))
        self.since = try since.flatMap { try $0.isEmpty ? nil : Self.place($0) }
    }

    private static let prefix = "d1_"

    /// The token of the page after `room`: `d1_<size class>_<room ID>`.
    static func token(after room: PublishedRoom) -> String { "\(prefix)\(room.sizeClass)_\(room.room)" }

    private static func place(_ text: String) throws -> PublishedRoom {
        let parts = text.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, text.utf8.starts(with: prefix.utf8), let sizeClass = Int16(parts[1]), sizeClass >= 0,
            let room = RoomID(String(parts[2]))
        else { throw MatrixError.invalidParam("'since' is not a token of this server.") }
        return PublishedRoom(room: room, sizeClass: sizeClass)
    }

    /// Whether a room is among what is wanted.
    func wants(_ preview: RoomPreview) -> Bool {
        if let types, !types.contains(where: { Self.isSame($0, preview.type) }) { return false }
        guard let term = term?.prefix(Self.termBytesMax).lowercased(), !term.isEmpty else { return true }
        return [preview.name, preview.topic, preview.canonicalAlias].contains { text in
            text.map { Self.contains($0.lowercased(), term) } ?? false
        }
    }

    private static func isSame(_ left: String?, _ right: String?) -> Bool {
        guard let left, let right else { return left == nil && right == nil }
        return left.utf8.elementsEqual(right.utf8)
    }

    private static func contains(_ text: String, _ part: String) -> Bool {
        let (text, part) = (Array(text.utf8), Array(part.utf8))
        guard text.count >= part.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
