import Collections
import Identifiers
import Leases
import Logging
import ReplicationLog
import WorkerContracts

// One shard's writer. A command is placed (judged, built, numbered, its rows made) as soon as its turn in its room has
// come and what it needs is in memory; what is placed gathers in the open batch while the one before is on its way to the
// database. So rooms of a shard share commits, a room's commands keep their order, and a room that waits for something
// waits alone.
//
// Whatever is built upon a batch that fails is thrown away with it: rooms go back to what is committed, and the commands
// are placed anew.

/// Takes the commands of one shard under one ownership.
actor ShardWriter {
    /// Commands that wait in one room, or for one user.
    static let queuedPerRoomMax = 500
    /// Commands that wait in a shard.
    static let queuedMax = 4_000
    /// What a caller is told when a queue is full, or the database cannot be written to.
    static let busyPause = Duration.seconds(1)

    enum Phase {
        case serving
        /// Given away: what is not in a commit is answered "moved" to the worker named.
        case over(successor: String?)
    }

    /// The commands of one room or user, in order.
    struct Lane {
        var queue: Deque<PendingCommand> = []
        /// Its first command waits for something.
        var isWaiting = false
        /// It is in ``waitingForBatch``.
        var isQueued = false
    }

    nonisolated let shard: ShardID
    let environment: ShardEnvironment
    let appender: ShardAppender
    var phase = Phase.serving
    var rooms: [RoomID: RoomMemory] = [:]
    var lanes: [ByteOrderedText: Lane] = [:]
    var pending: [CommandID: PendingCommand] = [:]
    var remembered = RememberedReplies()
    /// Keys of users, with what has been placed upon them.
    var userKeys: [UserID: UserKeyMemory] = [:]
    /// How often what was being read of keys became worthless.
    var keyEpoch = 0
    /// What is committed.
    var head: ShardSequence
    /// What gathers for the next commit.
    var open: Batch
    /// What is on its way to the database.
    var inFlight: Batch?
    /// Lanes whose next command found no place in the open batch.
    var waitingForBatch: Deque<ByteOrderedText> = []
    /// Commands to be committed by themselves, group by group, after a batch was refused; everything else waits.
    var retries: Deque<[PendingCommand]> = []
    /// Commands of a failed batch are being resolved; everything else waits.
    var isRecovering = false
    private let wake: AsyncStream<Void>
    private let wakeContinuation: AsyncStream<Void>.Continuation
    private let finished: AsyncStream<Void>
    private let finishing: AsyncStream<Void>.Continuation

    init(owned: OwnedShard, appender: ShardAppender, environment: ShardEnvironment) {
        shard = owned.shard
        head = owned.head
        open = Batch(shard: owned.shard, base: owned.head)
        self.appender = appender
        self.environment = environment
        (wake, wakeContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (finished, finishing) = AsyncStream.makeStream()
    }

    var isServing: Bool { if case .serving = phase { true } else { false } }
    var movedReply: WriterReply {
        if case .over(let successor) = phase { .moved(to: successor) } else { .moved(to: nil) }
    }

    // MARK: Intake

    /// Has a command take effect once, and answers when it is durable.
    func execute(_ envelope: CommandEnvelope) async -> WriterReply {
        switch admit(envelope) {
        case .success(let slot): return await slot.wait() ?? .busy(retryAfter: Self.busyPause)
        case .failure(let answer): return answer.reply
        }
    }

    private struct Immediate: Error { let reply: WriterReply }

    private func admit(_ envelope: CommandEnvelope) -> Result<ReplySlot, Immediate> {
        guard isServing else { return .failure(Immediate(reply: movedReply)) }
        if let reply = remembered[envelope.id] { return .failure(Immediate(reply: reply)) }
        // The same command again while it is under way: both get the one answer.
        if let same = pending[envelope.id] { return .success(same.slot) }
        let command = PendingCommand(id: envelope.id, command: envelope.command, at: environment.rooms.now())
        guard pending.count < Self.queuedMax, lanes[command.lane]?.queue.count ?? 0 < Self.queuedPerRoomMax else {
            let reply = WriterReply.busy(retryAfter: Self.busyPause)
            environment.metrics.count(command.command.kind, reply)
            return .failure(Immediate(reply: reply))
        }
        pending[command.id] = command
        environment.metrics.queued(1)
        lanes[command.lane, default: Lane()].queue.append(command)
        advance(command.lane)
        return .success(command.slot)
    }

    // MARK: Lanes

    private var isHolding: Bool { isRecovering || !retries.isEmpty || !isServing }

    /// Places a lane's commands as far as it goes.
    func advance(_ lane: ByteOrderedText) {
        while !isHolding, let state = lanes[lane], !state.isWaiting {
            guard let command = state.queue.first else {
                lanes[lane] = nil
                return
            }
            guard open.hasRoom(for: command) else {
                if !state.isQueued {
                    lanes[lane]?.isQueued = true
                    waitingForBatch.append(lane)
                }
                return
            }
            switch attempt(command) {
            case .over:
                _ = lanes[lane]?.queue.popFirst()
            case .waits(let need):
                lanes[lane]?.isWaiting = true
                let id = command.id
                environment.jobs.start { await self.fetch(need, for: id, in: lane) }
                return
            }
        }
    }

    /// Places the commands that waited for the batch before to go.
    func advanceWaiting() {
        let waiting = waitingForBatch
        waitingForBatch = []
        for lane in waiting {
            lanes[lane]?.isQueued = false
            advance(lane)
        }
    }

    /// Places everything again after commands were held back.
    func advanceAll() {
        waitingForBatch = []
        for lane in Array(lanes.keys) {
            lanes[lane]?.isQueued = false
            advance(lane)
        }
    }

    /// Puts commands back to the front of their lanes, in their order.
    func requeue(_ commands: [PendingCommand]) {
        for command in commands.reversed() {
            command.reply = nil
            lanes[command.lane, default: Lane()].queue.prepend(command)
        }
    }

    private func fetch(_ need: Need, for id: CommandID, in lane: ByteOrderedText) async {
        let isThere = await satisfy(need, for: id)
        lanes[lane]?.isWaiting = false
        if !isThere { lanes[lane]?.queue.removeAll { $0.id == id } }
        advance(lane)
    }

    // MARK: Life

    /// There is something to commit.
    func wakeCommitter() { wakeContinuation.yield() }

    /// Commits batch after batch until the shard is given away or lost.
    func run() async {
        for await _ in wake {
            while await commitNext() {}
            guard isServing else { break }
        }
        phase = isServing ? .over(successor: nil) : phase
        answerAllMoved(except: [])
        environment.budget.removeAll(of: shard)
        finishing.finish()
    }

    /// Takes no more commands, lets the commit in flight end and answers the rest "moved"; then returns.
    func freeze(successor: WorkerID?) async {
        end(successor: successor?.text)
        for await _ in finished {}
    }

    /// The shard is somebody else's: nothing is in this writer's hand any more.
    func lose() {
        end(successor: nil)
        // Also what is in flight: whoever owns the shard now knows whether it was in time.
        answerAllMoved(except: [])
    }

    private func end(successor: String?) {
        if isServing { phase = .over(successor: successor) }
        answerAllMoved(except: Set((inFlight?.commands ?? []).map(\.id)))
        lanes = [:]
        retries = []
        waitingForBatch = []
        open = Batch(shard: shard, base: open.rows.base)
        environment.typing.drop(shard)
        environment.presence.drop(shard)
        wakeCommitter()
    }

    func answerAllMoved(except kept: Set<CommandID>) {
        for command in Array(pending.values) where !kept.contains(command.id) { finish(command, movedReply) }
    }

    /// Answers a command.
    func finish(_ command: PendingCommand, _ reply: WriterReply) {
        guard pending.removeValue(forKey: command.id) != nil else { return }
        if command.command.keepsResult, reply.isDone { remembered.insert(reply, for: command.id) }
        environment.metrics.answered(command, with: reply)
        command.slot.fulfil(reply)
    }
}
