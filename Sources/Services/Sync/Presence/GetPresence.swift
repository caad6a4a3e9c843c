import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import ReplicationLog
import Storage

/// How a user is seen: `GET /_matrix/client/v3/presence/{userId}/status` (spec v1.19, client-server API, "Presence").
///
/// The sync workers serve it: they hear of all changes.
struct GetPresence: Endpoint {
    static let route = Route.client(
        .get, "/_matrix/client/v3/presence/{userId}/status", cost: .sync, worker: "sync")

    /// `nil`: presence is off, and everybody offline.
    let board: PresenceBoard?
    let users: UserRoomsMemory
    let tail: LogTail
    let activity: UserActivityStore

    /// - Throws: `M_FORBIDDEN` for somebody the caller shares no room with.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let user = try request.path("userId", as: UserID.self)
        if user != request.caller { try await demandNeighbour(user, of: request.caller) }
        guard let board else { return ["presence": "offline"] }
        if let seen = board.seen(user) { return seen.content() }
        var content: JSONObject = ["presence": "offline"]
        content["last_active_ago"] = try await activity.activeAgo(user).map { .int($0.milliseconds) }
        return content
    }

    private func demandNeighbour(_ user: UserID, of caller: UserID) async throws {
        guard let cut = tail.current else {
            throw MatrixError.unavailable("The server is starting.", retryAfter: .seconds(1))
        }
        let own = try await users.rooms(of: caller, at: cut)
        do {
            if own.sharesRoom(with: try await users.rooms(of: user, at: cut)) { return }
        } catch is StoreError {
            // There is no such account, which is nobody's business.
        }
        throw MatrixError.forbidden("You share no room with this user.")
    }
}
