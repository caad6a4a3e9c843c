import Collections
import Leases
import Logging
import Postgres

/// The connections a room-writer commits on: its own, named for it so that a successor can end them.
///
/// One batch at a time a connection: a failed one leaves its session in a failed transaction until it is rolled back.
/// Whoever waits is served in the order of coming and given up in time: a connection goes from hand to hand, so that
/// nobody who comes later is faster.
public actor CommitConnections {
    /// Batches in flight at once, over all shards of the writer.
    public static let countMax = 8
    /// The longest wait for a connection to become free.
    public static let waitMax = Duration.seconds(2)

    /// What a wait ends with.
    private enum Turn: Sendable {
        case connection(PostgresConnection)
        /// A place is free and ours; a connection has yet to be made.
        case place
        case failed(PostgresError)
    }

    private struct Waiting {
        let number: UInt64
        let continuation: CheckedContinuation<Turn, Never>
    }

    private let database: PostgresDatabase
    private let name: String
    private var idle: [PostgresConnection] = []
    /// Connections idle, lent or being made.
    private var count = 0
    private var waiting: Deque<Waiting> = []
    private var nextNumber: UInt64 = 0
    private var isClosed = false

    public init(database: PostgresDatabase, worker: WorkerID) {
        self.database = database
        name = LeaseTable.applicationName(of: worker)
    }

    /// A connection for one batch; give it back with ``giveBack(_:isUsable:)``.
    package func take() async throws(PostgresError) -> PostgresConnection {
        guard !isClosed else { throw PostgresError(.closed) }
        while let connection = idle.popLast() {
            if connection.isOpen { return connection }
            count -= 1
        }
        if count < Self.countMax {
            count += 1
            return try await open()
        }
        switch await turn() {
        case .connection(let connection): return connection
        case .place: return try await open()
        case .failed(let error): throw error
        }
    }

    /// Gives a connection back after a batch; one whose batch has an unknown end is of no use any more.
    package func giveBack(_ connection: PostgresConnection, after outcome: BatchOutcome) async {
        if case .inDoubt = outcome {
            await giveBack(connection, isUsable: false)
        } else {
            await giveBack(connection, isUsable: true)
        }
    }

    package func giveBack(_ connection: PostgresConnection, isUsable: Bool) async {
        if isUsable, connection.isOpen, !isClosed {
            if let next = waiting.popFirst() {
                next.continuation.resume(returning: .connection(connection))
            } else {
                idle.append(connection)
            }
        } else {
            leavePlace()
            await connection.close()
        }
    }

    /// Ends what is idle, and lets go of the rest as it comes back.
    public func close() async {
        isClosed = true
        while let next = waiting.popFirst() { next.continuation.resume(returning: .failed(PostgresError(.closed))) }
        let connections = idle
        idle = []
        count -= connections.count
        for connection in connections { await connection.close() }
    }

    /// Makes a connection in a place that is ours.
    private func open() async throws(PostgresError) -> PostgresConnection {
        do throws(PostgresError) {
            let connection = try await database.dedicatedConnection(applicationName: name)
            if !isClosed { return connection }
            await connection.close()
            throw PostgresError(.closed)
        } catch {
            leavePlace()
            throw error
        }
    }

    private func leavePlace() {
        if let next = waiting.popFirst() {
            next.continuation.resume(returning: .place)
        } else {
            count -= 1
        }
    }

    private func turn() async -> Turn {
        nextNumber += 1
        let number = nextNumber
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Cancellation ends the wait as the time limit does.
                try? await Task.sleep(for: Self.waitMax)
                await self.giveUp(number)
            }
            let turn = await withCheckedContinuation { waiting.append(Waiting(number: number, continuation: $0)) }
            group.cancelAll()
            return turn
        }
    }

    private func giveUp(_ number: UInt64) {
        guard let index = waiting.firstIndex(where: { $0.number == number }) else { return }
        waiting.remove(at: index).continuation.resume(returning: .failed(PostgresError(.overloaded)))
    }
}
