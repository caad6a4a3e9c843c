import CanonicalJSON
import Identifiers

extension ChatClient {
    /// A filter that leaves out what a chat test does not look at, so that hundreds of clients stay cheap.
    public static let leanFilter =
        #"{"presence":{"not_types":["*"]},"account_data":{"not_types":["*"]},"room":{"account_data":{"not_types":["*"]},"ephemeral":{"not_types":["*"]},"state":{"lazy_load_members":true},"timeline":{"limit":50}}}"#

    /// One `/sync`.
    ///
    /// - Parameters:
    ///   - wait: how long the server may park the request.
    ///   - filter: a filter's JSON or ID; `nil` for none.
    public func sync(
        since: String? = nil, wait: Duration = .zero, filter: String? = leanFilter, isFullState: Bool = false
    ) async throws(ChatFailure) -> SyncAnswer {
        var query = "timeout=\(wait.components.seconds * 1_000)"
        if let since { query += "&since=\(since.escaped)" }
        if let filter { query += "&filter=\(filter.escaped)" }
        if isFullState { query += "&full_state=true" }
        let answer = try await perform(
            since == nil || isFullState ? .initialSync : .sync, "GET", "/_matrix/client/v3/sync?\(query)",
            within: wait + Homeserver.requestDuration)
        return try SyncAnswer(answer)
    }

    /// Syncs from `since` and records the step in the device's stream, with what a limited timeline left out.
    public func follow(since: String?, wait: Duration) async throws(ChatFailure) -> SyncAnswer {
        var answer = try await sync(since: since, wait: wait)
        if let since {
            for index in answer.rooms.indices where answer.rooms[index].isLimited {
                answer.rooms[index].timeline =
                    try await gap(before: answer.rooms[index], after: since)
                    + answer.rooms[index].timeline
            }
        }
        recorder?.record(SyncStep(stream: stream, since: since, answer: answer, at: .now))
        return answer
    }

    /// The events between `since` and a limited timeline, oldest first.
    private func gap(before room: SyncAnswer.Room, after since: String) async throws(ChatFailure) -> [JSONObject] {
        var newestFirst: [JSONObject] = []
        var from = room.previousBatch
        while let start = from {
            let page = try await messages(in: room.room, from: start, to: since)
            newestFirst += page.events
            from = page.events.isEmpty ? nil : page.end
        }
        return newestFirst.reversed()
    }
}
