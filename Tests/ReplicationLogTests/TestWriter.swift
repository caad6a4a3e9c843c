import Foundation
import Identifiers
import Leases
import Postgres
import ReplicationLog
import Synchronization
import TestSupport
import Testing

/// The owner of one shard, as small as can be: appends entries with a to-device row each, exactly once whatever happens.
actor TestWriter {
    struct Lost: Error {}

    /// How long an append goes on trying.
    static let patience = Duration.seconds(20)

    nonisolated let shard: ShardID
    let appender: ShardAppender
    private let database: PostgresDatabase
    private(set) var head: ShardSequence
    /// How often a commit was in doubt.
    private(set) var doubts = 0

    private init(owned: OwnedShard, appender: ShardAppender, database: PostgresDatabase) {
        shard = owned.shard
        head = owned.head
        self.appender = appender
        self.database = database
    }

    /// Takes the shard, whoever has it.
    static func claim(
        _ number: Int16, for worker: WorkerID, database: PostgresDatabase, connections: CommitConnections
    ) async throws -> TestWriter {
        let shard = ShardID(number)
        let owned = try #require(try await own(shard, for: worker, database: database))
        let appender = ShardAppender(
            owned: owned, worker: worker, database: database, connections: connections, logger: .silent)
        return TestWriter(owned: owned, appender: appender, database: database)
    }

    static func own(_ shard: ShardID, for worker: WorkerID, database: PostgresDatabase) async throws -> OwnedShard? {
        let rows = try await database.query(
            "SELECT epoch FROM lease WHERE partition = $1", LeaseTable.partition(shard))
        let claim = ShardLeasePlan.Claim(
            shard: shard, seenEpoch: Epoch(try #require(rows.first).int64("epoch")), predecessor: nil)
        return try await LeaseTable(connection: database).claim(claim, for: worker)
    }

    /// What appends `keys`: users' IDs by kind, rooms' otherwise.
    static func work(
        _ keys: [String], kind: LogKind = .toDevice, shard: ShardID, base: ShardSequence, command: [UInt8]
    ) -> GroupCommit {
        let sequences = keys.indices.map { base.advanced(by: $0 + 1).value }
        let rows = PostgresStatement(
            """
            INSERT INTO to_device (user_id, device_id, shard, seq, message)
            SELECT key, 'device', $1, seq, ''::bytea FROM unnest($2::text[], $3::bigint[]) AS rows (key, seq)
            """, [shard.number, keys, sequences])
        return GroupCommit(
            base: base, entries: keys.map { (kind, $0) }, results: [(command, Array("{}".utf8))], statements: [rows])
    }

    /// Appends `keys` in one batch; returns once it is durable.
    func append(_ keys: [String], kind: LogKind = .toDevice) async throws {
        let command = (0..<16).map { _ in UInt8.random(in: 0...255) }
        let giveUpAt = ContinuousClock.now + Self.patience
        while true {
            let work = Self.work(keys, kind: kind, shard: shard, base: head, command: command)
            switch await appender.commit(work) {
            case .committed(let newHead):
                head = newHead
                return
            case .refused(let error):
                guard ContinuousClock.now < giveUpAt else { throw error }
                try await Task.sleep(for: .milliseconds(20))
            case .inDoubt, .fenced:
                doubts += 1
                guard let recovered = await appender.recover() else { throw Lost() }
                head = recovered
                if try await isDone(command, until: giveUpAt) { return }
            }
        }
    }

    /// Whether the command is stored; asked again while the server is away.
    private func isDone(_ command: [UInt8], until giveUpAt: ContinuousClock.Instant) async throws -> Bool {
        while true {
            do {
                return try await !database.query("SELECT FROM command_result WHERE command_id = $1", command).isEmpty
            } catch {
                guard ContinuousClock.now < giveUpAt else { throw error }
            }
        }
    }
}

/// Everything a tail brought, checked as it comes: each entry once, in order, none left out.
final class TailRecord: Sendable {
    private struct State {
        var keys: [ShardID: [String]] = [:]
        var positions: [ShardID: ShardSequence] = [:]
        var seen: Set<String> = []
        var faults: [String] = []
        var gaps = 0
    }

    private let state = Mutex(State())

    func take(_ update: TailUpdate, check: (_ isSeen: (String) -> Bool) -> String? = { _ in nil }) {
        state.withLock { state in
            state.gaps += update.unexplained.count
            for shard in update.unexplained { state.positions[shard] = update.cut[shard] }
            for entry in update.entries {
                let before = state.positions[entry.shard] ?? .zero
                if entry.sequence != before.advanced(by: 1) {
                    state.faults.append("shard \(entry.shard): \(entry.sequence) after \(before)")
                }
                state.positions[entry.shard] = entry.sequence
                state.keys[entry.shard, default: []].append(entry.key.string)
                if !state.seen.insert(entry.key.string).inserted { state.faults.append("\(entry.key.string) twice") }
            }
            for shard in update.cut.shards where state.positions[shard] ?? .zero != update.cut[shard] {
                state.faults.append("shard \(shard): the cut has \(update.cut[shard]), the entries end elsewhere")
            }
            let seen = state.seen
            if let fault = check({ seen.contains($0) }) { state.faults.append(fault) }
        }
    }

    var faults: [String] { state.withLock { $0.faults } }
    var gaps: Int { state.withLock { $0.gaps } }
    var count: Int { state.withLock { $0.seen.count } }
    func keys(of shard: ShardID) -> [String] { state.withLock { $0.keys[shard] ?? [] } }
}
