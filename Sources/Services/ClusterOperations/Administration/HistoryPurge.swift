import Identifiers
import Postgres
import Storage
import WorkerContracts

/// Asks housekeepers to delete a room's old messages, and says how far they are.
package struct HistoryPurge: Sendable {
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case unknownRoom(String)
        case tooMany

        package var description: String {
            switch self {
            case .unknownRoom(let room): "there is no room '\(room)'"
            case .tooMany: "\(PurgeRequestStore.waitingMax) purges are waiting already"
            }
        }
    }

    /// How often it is asked how far a purge is.
    static let tick = Duration.milliseconds(500)

    private let requests: PurgeRequestStore

    package init(database: any PostgresQuerying) { requests = PurgeRequestStore(database: database) }

    /// Asks for the messages of `room` from before a moment to be deleted; the request's number.
    package func request(_ room: String, before: Timestamp) async throws -> Int64 {
        guard let id = RoomID(room) else { throw Problem.unknownRoom(room) }
        switch try await requests.request(id, before: before, at: WallClock.system.now()) {
        case .requested(let number): return number
        case .unknownRoom: throw Problem.unknownRoom(room)
        case .tooMany: throw Problem.tooMany
        }
    }

    /// Waits until a purge is finished; how many events it has deleted.
    package func finished(_ number: Int64) async throws -> Int {
        while true {
            guard let progress = try await requests.progress(number) else { return 0 }
            if progress.isFinished { return progress.purged }
            try await Task.sleep(for: Self.tick)
        }
    }
}
