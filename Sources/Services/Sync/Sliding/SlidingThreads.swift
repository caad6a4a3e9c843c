import CanonicalJSON
import Identifiers
import RoomReading
import Storage

/// What a user said of threads since the client last heard (MSC4308).
struct SlidingThreads: Sendable {
    static let name = "io.element.msc4308.thread_subscriptions"

    /// The latest first.
    let subscriptions: [ThreadSubscription]
    /// Where what there was no place for begins; `nil`: there is nothing more.
    let previous: ShardSequence?

    /// - Returns: `nil` when there is nothing to tell.
    static func find(_ context: SlidingContext, in store: ThreadSubscriptionStore) async throws -> SlidingThreads? {
        guard let limit = context.request.extensions.threads else { return nil }
        // They come with account data in the log.
        if context.from != nil, !context.changes.hasAccountData { return nil }
        let shard = context.user.shard
        let found = try await store.changes(
            of: context.user.user, after: context.from?[shard] ?? .zero, upTo: context.cut[shard], limit: limit + 1)
        let told = found.prefix(limit).filter { context.from != nil || $0.state != .unsubscribed }
        guard !told.isEmpty else { return nil }
        return SlidingThreads(
            subscriptions: told, previous: found.count > limit ? found[limit].position : nil)
    }

    var json: JSONObject {
        var json = ThreadSubscriptionsJSON.members(of: subscriptions)
        json["prev_batch"] = previous.map { .string(PaginationToken($0).text) }
        return json
    }
}
