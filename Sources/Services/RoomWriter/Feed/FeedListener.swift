import Identifiers
import Synchronization
import WorkerContracts

/// What one connection of the feed has still to be told: hints of one shard become one, of a room's typing and a user's
/// presence the last stays.
package final class FeedListener: Sendable {
    /// Rooms whose typing waits to be told; a listener that lets more gather is dropped.
    package static let roomsMax = 10_000
    /// The same for users whose presence waits to be told.
    package static let usersMax = 2 * PresenceBoard.usersMax

    private struct State {
        var shards: Set<ShardID> = []
        var typing: [RoomID: RoomTyping] = [:]
        var presence: [UserID: UserPresence] = [:]
        var released: Set<ShardID> = []
        var isHeartbeatDue = false
        var isOver = false
        var waiting: CheckedContinuation<Void, Never>?

        var isQuiet: Bool {
            shards.isEmpty && typing.isEmpty && presence.isEmpty && released.isEmpty && !isHeartbeatDue && !isOver
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Keeps a message until it is told.
    package func offer(_ message: FeedMessage) {
        wake { state in
            switch message {
            case .shardMoved(let shard): state.shards.insert(shard)
            case .typing(let typing):
                state.typing[typing.room] = typing
                if state.typing.count > Self.roomsMax { state.isOver = true }
            case .presence(let presence):
                state.presence[presence.user] = presence
                if state.presence.count > Self.usersMax { state.isOver = true }
            case .presenceReleased(let shard):
                state.presence = state.presence.filter { $0.value.shard != shard }
                state.released.insert(shard)
            case .heartbeat: state.isHeartbeatDue = true
            }
        }
    }

    /// Ends the feed.
    package func close() { wake { $0.isOver = true } }

    /// What has gathered, waiting until there is something; `nil` when the feed ends.
    package func next() async -> [FeedMessage]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.isQuiet { state.waiting = continuation }
                    return !state.isQuiet
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            close()
        }
        return take()
    }

    private func take() -> [FeedMessage]? {
        state.withLock { state in
            guard !state.isOver else { return nil }
            var messages = state.shards.sorted().map { FeedMessage.shardMoved($0) }
            messages += state.typing.values.sorted { $0.counter < $1.counter }.map { .typing($0) }
            messages += state.released.sorted().map { .presenceReleased($0) }
            messages += state.presence.values.sorted { $0.counter < $1.counter }.map { .presence($0) }
            if messages.isEmpty { messages = [.heartbeat] }
            state.shards = []
            state.typing = [:]
            state.presence = [:]
            state.released = []
            state.isHeartbeatDue = false
            return messages
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }
}
