import Leases
import Logging
import Postgres

/// The connections a room-writer commits on: its own, named for it so that a successor can end them.
///
/// One batch at a time a connection: a failed one leaves its session in a failed transaction until it is rolled back.
public actor CommitConnections {
    /// Batches in flight at once, over all shards of the writer.
    public static let countMax = 8

    private let database: PostgresDatabase
    private let name: String
    private var idle: [PostgresConnection] = []
    private var count = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    public init(database: PostgresDatabase, worker: WorkerID) {
        self.database = database
        name = LeaseTable.applicationName(of: worker)
    }

    /// A connection for one batch; give it back with ``giveBack(_:isUsable:)``.
    func take() async throws(PostgresError) -> PostgresConnection {
        while true {
            if let connection = idle.popLast() { return connection }
            if count < Self.countMax {
                count += 1
                do {
                    return try await database.dedicatedConnection(applicationName: name)
                } catch {
                    count -= 1
                    wakeOne()
                    throw error
                }
            }
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func giveBack(_ connection: PostgresConnection, isUsable: Bool) async {
        if isUsable {
            idle.append(connection)
        } else {
            count -= 1
        }
        wakeOne()
        if !isUsable { await connection.close() }
    }

    private func wakeOne() {
        if !waiting.isEmpty { waiting.removeFirst().resume() }
    }

    public func close() async {
        for connection in idle { await connection.close() }
        idle = []
    }
}
