import Leases
import Logging
import WorkerContracts

/// What all shards of a writer share.
struct ShardEnvironment: Sendable {
    let rooms: RoomEnvironment
    let loader: RoomLoader
    let results: CommandResults
    let hub: FeedHub
    let typing: TypingBoard
    let presence: PresenceBoard
    let jobs: JobQueue
    let train: CommitTrain
    let budget: RoomBudget
    let metrics: WriterMetrics
    let logger: Logger
    /// Lets go of rooms over the memory's budget, whichever shard they are of.
    let evict: @Sendable ([RoomBudget.Key]) -> Void
}
