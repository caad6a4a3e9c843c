import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// The rooms the caller shares with another user: `GET /_matrix/client/v1/mutual_rooms` (spec v1.19, "Mutual Rooms").
struct GetMutualRooms: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v1/mutual_rooms")

    let mutual: MutualRoomReader

    func respond(to request: UserRequest) async throws -> JSONObject {
        try await mutual.read(request, from: request.query("from"))
    }
}

/// The same under the path of MSC2666: `GET /_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms`.
struct GetUnstableMutualRooms: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms")

    let mutual: MutualRoomReader

    func respond(to request: UserRequest) async throws -> JSONObject {
        var answer = try await mutual.read(request, from: request.query("batch_token"))
        answer["next_batch_token"] = answer["next_batch"]
        return answer
    }
}

/// What both ways of asking for mutual rooms do.
struct MutualRoomReader: Sendable {
    /// The most rooms of an answer.
    static let pageMax = 500
    private static let prefix = "m1_"

    let facts: RoomFacts

    /// - Throws: `M_MISSING_PARAM`, `M_INVALID_PARAM` also for the caller's own ID.
    func read(_ request: UserRequest, from text: String?) async throws -> JSONObject {
        guard let name = request.query("user_id") else { throw MatrixError.missingParam("'user_id' is missing.") }
        guard let other = UserID(name) else { throw MatrixError.invalidParam("'user_id' is not a valid user ID.") }
        guard other != request.caller else { throw MatrixError.invalidParam("'user_id' is your own.") }
        let last = try text.map(Self.last)
        let rooms = try await facts.mutualRooms(
            of: request.caller, and: other, after: last, limit: Self.pageMax + 1)
        var answer: JSONObject = [
            "joined": .array(rooms.prefix(Self.pageMax).map { .string($0.rawValue) }),
            "count": .int(Int64(try await facts.mutualRoomCount(of: request.caller, and: other))),
        ]
        if rooms.count > Self.pageMax {
            answer["next_batch"] = .string("\(Self.prefix)\(rooms[Self.pageMax - 1])")
        }
        return answer
    }

    private static func last(_ text: String) throws -> RoomID {
        guard text.utf8.starts(with: prefix.utf8), let room = RoomID(String(text.dropFirst(prefix.count))) else {
            throw MatrixError.invalidParam("'from' is not a token of this server.")
        }
        return room
    }
}
