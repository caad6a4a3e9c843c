import CanonicalJSON
import Postgres
import Storage
import WorkerContracts

/// What commands answered when they had their effect, as their replies.
struct CommandResults: Sendable {
    private let store: CommandResultStore

    init(database: PostgresDatabase) { store = CommandResultStore(database: database) }

    /// The replies of those of `ids` that have had their effect.
    func fetch(_ ids: [CommandID]) async throws -> [CommandID: WriterReply] {
        var replies: [CommandID: WriterReply] = [:]
        for start in stride(from: 0, to: ids.count, by: CommandResultStore.commandsMax) {
            let part = ids[start..<min(start + CommandResultStore.commandsMax, ids.count)]
            for (id, reply) in try await store.fetch(part.map(\.bytes)) {
                replies[CommandID(id)] = try WriterReply(json: try JSONValue.parse(reply))
            }
        }
        return replies
    }
}
