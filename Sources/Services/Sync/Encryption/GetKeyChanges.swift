import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import ReplicationLog
import RoomReading

/// Whose keys have changed between two syncs: `GET /_matrix/client/v3/keys/changes` (spec v1.19, "Key management API").
///
/// The sync workers serve it: they know what a token stands for.
struct GetKeyChanges: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/keys/changes", cost: .sync, worker: "sync")

    let polls: LongPoll
    let finder: ChangeFinder
    let lists: DeviceListFinder
    let transitions: MembershipTransitions

    /// - Throws: `M_MISSING_PARAM`, `M_INVALID_PARAM` for a token that is none or another user's.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let (from, to) = (try cut("from", request), try cut("to", request))
        guard let end = try await polls.reach(to), let start = try await polls.reach(from) else {
            throw MatrixError.unavailable("This worker is behind.", retryAfter: .seconds(1))
        }
        let after = start.clamped(to: end)
        let user = try await polls.users.rooms(of: request.caller, at: end)
        let changes = try await finder.changes(for: user, after: after, upTo: end)
        let transitions = try await transitions.read(user, after: after, upTo: end)
        let found = try await lists.lists(for: user, changes, transitions, after: after, at: end)
        func users(_ users: Set<UserID>) -> JSONValue { .array(users.sorted().map { .string($0.rawValue) }) }
        return ["changed": users(found.changed), "left": users(found.left)]
    }

    private func cut(_ name: String, _ request: UserRequest) throws -> Cut {
        guard let text = request.query(name) else { throw MatrixError.missingParam("'\(name)' is missing.") }
        if let token = SyncToken(text), token.isBound(to: request.caller) { return token.cut }
        if let token = SlidingToken(text), token.isBound(to: request.caller) { return token.cut }
        throw MatrixError.invalidParam("'\(name)' is no token of this server for you.")
    }
}
