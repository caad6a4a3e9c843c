import CanonicalJSON
import Identifiers
import ReplicationLog
import Storage
import WorkerContracts

/// The commands of one group commit, in order, and what they write.
struct Batch {
    /// Log entries after which a batch is full; one command may go beyond.
    static let entriesMax = 50

    var rows: CommitRows
    private(set) var commands: [PendingCommand] = []
    /// The rooms that were changed, as the batch leaves them.
    private(set) var heads: [RoomID: RoomHead] = [:]
    /// The users whose keys were changed.
    private(set) var keyUsers: Set<UserID> = []

    init(shard: ShardID, base: ShardSequence) { rows = CommitRows(shard: shard, base: base) }

    func hasRoom(for command: PendingCommand) -> Bool {
        commands.isEmpty || rows.entries.count + command.command.weight <= Self.entriesMax
    }

    /// Takes a command that has been placed.
    ///
    /// - Parameter answer: what it asked for; `nil` when that are the events it made.
    mutating func add(_ command: PendingCommand, _ placed: CommitRows, events: [EventID], answer: JSONObject?) {
        rows.append(placed)
        command.reply =
            answer.map { .answered($0, position: rows.end) } ?? .done(events: events, position: rows.end)
        commands.append(command)
    }

    mutating func touchKeys(of user: UserID) { keyUsers.insert(user) }

    mutating func setHead(_ head: RoomHead) { heads[head.room] = head }

    /// The answers of those commands whose repetition would do something.
    var results: [(command: [UInt8], reply: [UInt8])] {
        let kept = commands.filter(\.command.keepsResult)
        var results: [(command: [UInt8], reply: [UInt8])] = []
        for command in kept {
            if let reply = command.reply { results.append((command.id.bytes, reply.json.bytes())) }
        }
        return results
    }
}
