import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import Storage
import WorkerContracts

/// What a sliding sync had no place for of the caller's threads, the latest first:
/// `GET /_matrix/client/unstable/io.element.msc4308/thread_subscriptions` (MSC4308).
struct ListThreadSubscriptions: Endpoint {
    static let route = Route.client(
        .get, "/_matrix/client/unstable/io.element.msc4308/thread_subscriptions", cost: .read)
    static let limitDefault = 100
    static let limitMax = 500

    let store: ThreadSubscriptionStore
    let users: UserLocator

    /// Between `to`, which the client has, and `from`: tokens of syncs or of this endpoint.
    ///
    /// - Throws: `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        guard request.query("dir").map({ $0.utf8.elementsEqual("b".utf8) }) ?? true else {
            throw MatrixError.invalidParam("'dir' is b.")
        }
        let limit = try request.pageLimit(default: Self.limitDefault, max: Self.limitMax)
        guard let shard = try await users.shard(of: request.caller) else { throw MatrixError.notFound("No such user.") }
        let upTo = try HistoryQuery.place("from", request, in: shard) ?? ShardSequence(.max)
        let after = try HistoryQuery.place("to", request, in: shard) ?? .zero
        let found = try await store.changes(of: request.caller, after: after, upTo: upTo, limit: limit + 1)
        var answer = ThreadSubscriptionsJSON.members(of: Array(found.prefix(limit)))
        if found.count > limit { answer["end"] = .string(PaginationToken(found[limit].position).text) }
        return answer
    }
}
