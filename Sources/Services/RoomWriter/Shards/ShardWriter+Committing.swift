import Identifiers
import Logging
import Postgres
import ReplicationLog
import Storage
import WorkerContracts

extension ShardWriter {
    /// Commits what has gathered, or the next group that has to go by itself.
    ///
    /// - Returns: false when there is nothing to commit.
    func commitNext() async -> Bool {
        if let group = retries.popFirst() {
            // Held back while it is placed, though the queue of groups may be empty now.
            isRecovering = true
            for command in group { await placeNow(command) }
            await commit(alone: true)
            isRecovering = false
            if retries.isEmpty { advanceAll() }
            return true
        }
        guard !open.commands.isEmpty else { return false }
        await commit(alone: false)
        return true
    }

    /// Places a command of a group, waiting for what it needs.
    private func placeNow(_ command: PendingCommand) async {
        while pending[command.id] != nil {
            switch attempt(command) {
            case .over: return
            case .waits(let need): guard await satisfy(need, for: command.id) else { return }
            }
        }
    }

    /// Commits the open batch, as it is when its train leaves: until then it goes on gathering.
    private func commit(alone goesAlone: Bool) async {
        let departure = await environment.train.board(alone: goesAlone)
        let batch = open
        guard !batch.commands.isEmpty else { return await departure.leave() }
        open = Batch(shard: shard, base: batch.rows.end)
        inFlight = batch
        advanceWaiting()
        let outcome: AppendOutcome
        if batch.rows.isEmpty {
            await departure.leave()
            outcome = .committed(head: batch.rows.base)
        } else {
            outcome = await departure.commit(
                CommitTrain.Load(appender: appender, rows: batch.rows, results: batch.results))
        }
        switch outcome {
        case .committed(let head): completed(batch, head: head)
        case .refused(let error): await refused(batch, error)
        case .fenced, .inDoubt: await recover(batch)
        }
        inFlight = nil
    }

    private func completed(_ batch: Batch, head: ShardSequence) {
        self.head = head
        for (room, head) in batch.heads { rooms[room]?.commit(head) }
        keysCommitted(batch)
        for command in batch.commands { finish(command, command.reply ?? .busy(retryAfter: Self.busyPause)) }
        guard !batch.rows.entries.isEmpty else { return }
        environment.hub.publish(.shardMoved(shard))
        environment.metrics.committed(commands: batch.commands.count)
    }

    // MARK: Failures

    /// What a definite refusal of a batch is about.
    private enum Blame {
        case repeatedCommand
        /// Something in the batch.
        case content
        /// The server could not, whatever was in it.
        case server
    }

    private static func blame(of error: PostgresError) -> Blame {
        guard let state = error.sqlState else { return .server }
        if state == CommandResultStore.repeatedState { return .repeatedCommand }
        // Data exceptions, broken constraints, limits of the program (too large a row), user-defined refusals.
        return ["22", "23", "54", "P0"].contains(String(state.prefix(2))) ? .content : .server
    }

    private func refused(_ batch: Batch, _ error: PostgresError) async {
        environment.metrics.groupRefused()
        environment.logger.notice(
            "commit refused",
            metadata: ["shard": "\(shard)", "commands": "\(batch.commands.count)", "error": "\(error)"])
        isRecovering = true
        let later = takeBack(batch)
        switch Self.blame(of: error) {
        case .repeatedCommand: await answerRepeated(batch.commands)
        case .content: splitOrRefuse(batch.commands)
        case .server:
            for command in batch.commands + later { finish(command, .busy(retryAfter: Self.busyPause)) }
        }
        resume(later)
    }

    /// Throws away the batch and everything placed after it.
    ///
    /// - Returns: the commands that were placed after it.
    private func takeBack(_ batch: Batch) -> [PendingCommand] {
        let later = open.commands
        for command in batch.commands + later { command.facts.forgetDatabase() }
        for room in Set(batch.heads.keys).union(open.heads.keys) { rooms[room]?.rollBack() }
        open = Batch(shard: shard, base: head)
        forgetKeys()
        return later
    }

    /// Answers those commands that had their effect before; the rest goes again.
    private func answerRepeated(_ commands: [PendingCommand]) async {
        let answered = await answerKnown(commands)
        let rest = commands.filter { pending[$0.id] != nil }
        if answered == 0 { splitOrRefuse(rest) } else if !rest.isEmpty { retries.prepend(rest) }
    }

    /// - Returns: how many of the commands had had their effect.
    private func answerKnown(_ commands: [PendingCommand]) async -> Int {
        let ids = commands.filter(\.command.keepsResult).map(\.id)
        var pause = Duration.milliseconds(20)
        while !Task.isCancelled {
            do {
                let replies = try await environment.results.fetch(ids)
                for command in commands { if let reply = replies[command.id] { finish(command, reply) } }
                return replies.count
            } catch {
                environment.logger.warning(
                    "results not read yet", metadata: ["shard": "\(shard)", "error": "\(error)"])
                // Cancellation ends the wait and with it the loop.
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(1))
            }
        }
        return 0
    }

    /// Halves a batch until the command that cannot be stored stands alone.
    private func splitOrRefuse(_ commands: [PendingCommand]) {
        guard commands.count > 1 else {
            for command in commands {
                finish(
                    command,
                    .refused(
                        WriterReply.Refusal(
                            status: 400, errcode: "M_UNKNOWN", message: "The database cannot store this.")))
            }
            return
        }
        let middle = commands.count / 2
        retries.prepend(Array(commands[middle...]))
        retries.prepend(Array(commands[..<middle]))
    }

    /// Finds out what became of a batch, with a head that is certain again.
    private func recover(_ batch: Batch) async {
        isRecovering = true
        let later = takeBack(batch)
        // What is committed of these rooms is not known here any more.
        for room in batch.heads.keys {
            rooms[room] = nil
            environment.budget.remove(RoomBudget.Key(shard: shard, room: room))
        }
        guard let head = await appender.recover() else {
            environment.logger.warning("shard is somebody else's", metadata: ["shard": "\(shard)"])
            lose()
            return
        }
        self.head = head
        open = Batch(shard: shard, base: head)
        _ = await answerKnown(batch.commands)
        let rest = batch.commands.filter { pending[$0.id] != nil }
        if !rest.isEmpty { retries.prepend(rest) }
        resume(later)
    }

    /// Goes on after a failure.
    private func resume(_ later: [PendingCommand]) {
        isRecovering = false
        inFlight = nil
        guard isServing else { return answerAllMoved(except: []) }
        requeue(later.filter { pending[$0.id] != nil })
        if retries.isEmpty { advanceAll() }
        wakeCommitter()
    }
}
