import Foundation
import Identifiers
import Leases
import Logging
import Postgres
import ReplicationLog

/// A writer that owns every shard and commits when its input says so, to be frozen anywhere: `apus-zombie-writer URL`.
///
/// Input, a line each: `commit SHARD KEY SECONDS` appends an entry with a statement that takes so long before COMMIT;
/// `hold SHARD KEY` sends everything but COMMIT, `finish` sends that. Output: `serving`, `holding`, `outcome KEY …`.
@main struct ZombieWriter {
    static func main() async throws {
        let url = CommandLine.arguments[1]
        let logger = Logger(label: "zombie") { _ in SwiftLogNoOpLogHandler() }
        var configuration = PostgresConfiguration(url: url)
        // Nothing but its successor is to end what it holds.
        configuration.statementTimeout = .seconds(60)
        configuration.idleInTransactionTimeout = .seconds(60)
        configuration.answerTimeout = .seconds(60)
        let database = PostgresDatabase(configuration: configuration, logger: logger)
        let worker = WorkerID(name: "zombie")
        let registry = WorkerRegistry(
            id: worker, kind: .roomWriter, version: "test", database: database, logger: logger)
        try await registry.register(phase: "ready", publicAddress: nil, internalAddress: "-", operationsAddress: "-")
        let writer = Writer(worker: worker, database: database, logger: logger)
        let leases = ShardLeases(worker: worker, database: database, owner: writer, logger: logger)
        let lines = inputLines()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await registry.run() }
            // Ends with the cancellation.
            group.addTask { try? await leases.run() }
            group.addTask {
                await withTaskGroup(of: Void.self) { commands in
                    for await line in lines {
                        let words = line.split(separator: " ").map(String.init)
                        commands.addTask { await writer.carryOut(words) }
                    }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private static func inputLines() -> AsyncStream<String> {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let thread = Thread {
            while let line = readLine() { continuation.yield(line) }
            exit(0)
        }
        thread.start()
        return lines
    }
}

private actor Writer: ShardOwning {
    private let worker: WorkerID
    private let database: PostgresDatabase
    private let connections: CommitConnections
    private let logger: Logger
    private var shards: [ShardID: (appender: ShardAppender, owned: OwnedShard)] = [:]
    private var held: PostgresConnection?

    init(worker: WorkerID, database: PostgresDatabase, logger: Logger) {
        self.worker = worker
        self.database = database
        self.logger = logger
        connections = CommitConnections(database: database, worker: worker)
    }

    func acquired(_ owned: OwnedShard) async {
        let appender = ShardAppender(
            owned: owned, worker: worker, database: database, connections: connections, logger: logger)
        shards[owned.shard] = (appender, owned)
        if shards.count == ShardID.countDefault { say("serving") }
    }

    // A zombie does not listen: it goes on with what it believes to own.
    func freeze(_ shard: ShardID, successor: WorkerID?) async {}
    func lost(_ shard: ShardID) async {}

    func carryOut(_ words: [String]) async {
        switch words.first {
        case "commit": await commit(words)
        case "hold": await hold(words)
        case "finish": await finish(words)
        default: say("unknown command")
        }
    }

    private func work(_ words: [String]) -> (appender: ShardAppender, owned: OwnedShard, work: GroupCommit)? {
        guard words.count >= 3, let number = Int16(words[1]), let (appender, owned) = shards[ShardID(number)] else {
            return nil
        }
        let key = words[2]
        var statements = [
            PostgresStatement(
                "INSERT INTO to_device (user_id, device_id, shard, seq, message) VALUES ($1, 'zombie', $2, $3, $4)",
                [key, number, owned.head.advanced(by: 1).value, Array(key.utf8)])
        ]
        if words.count > 3, let seconds = Double(words[3]) {
            statements.append(PostgresStatement("SELECT pg_sleep($1)", [seconds]))
        }
        let work = GroupCommit(base: owned.head, entries: [(.toDevice, key)], results: [], statements: statements)
        return (appender, owned, work)
    }

    private func commit(_ words: [String]) async {
        guard let (appender, _, work) = work(words) else { return say("no such shard") }
        switch await appender.commit(work) {
        case .committed: say("outcome \(words[2]) committed")
        case .fenced: say("outcome \(words[2]) fenced")
        case .refused(let error): say("outcome \(words[2]) refused \(error)")
        case .inDoubt:
            let head = await appender.recover()
            say("outcome \(words[2]) in doubt, \(head.map { "head \($0)" } ?? "lost")")
        }
    }

    /// The statements of a commit one by one, as a client without pipelines sends them.
    private func hold(_ words: [String]) async {
        guard let (_, owned, work) = work(words) else { return say("no such shard") }
        do {
            let connection = try await database.dedicatedConnection(
                applicationName: LeaseTable.applicationName(of: worker))
            try await connection.query("BEGIN")
            for statement in work.fenced(shard: owned.shard, epoch: owned.epoch.value) {
                _ = try await connection.query(statement)
            }
            held = connection
            say("holding")
        } catch {
            say("not holding: \(error)")
        }
    }

    private func finish(_ words: [String]) async {
        do {
            let tag = try await held?.query("COMMIT").commandTag
            say("outcome \(words.last ?? "") finished \(tag ?? "nothing")")
        } catch {
            say("outcome \(words.last ?? "") not finished: \(error)")
        }
    }

    private nonisolated func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        // Nobody to tell when the test is gone.
        _ = write(1, bytes, bytes.count)
    }
}
