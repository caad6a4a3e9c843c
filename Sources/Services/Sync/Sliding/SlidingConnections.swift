import CanonicalJSON
import Collections
import Identifiers
import Logging
import MatrixHTTP
import RoomReading
import Storage
import Synchronization
import WorkerRuntime

/// What a connection's client knows at its position.
struct SlidingKnowledge: Sendable {
    /// `nil`: the connection has yet to begin.
    let position: SlidingToken?
    let rooms: SlidingRooms

    /// What state of `room` the client was given.
    func state(of room: SlidingRoom) -> RequiredState {
        let json = rooms.configs[room.config].flatMap { bytes in
            // What cannot be read is what the client does not have.
            try? JSONValue.parse(bytes)
        }
        return RequiredState(stored: json)
    }
}

// What is known at a position never changes, so this worker keeps what it read or wrote last of each connection, and most
// requests read nothing. The database has the word on which positions are still good: every write asks it.

/// The connections of sliding syncs, on whatever worker they are continued.
final class SlidingConnections: Sendable {
    /// Rooms kept over all connections; beyond, those used longest ago are read again.
    static let roomsMax = 500_000
    /// How long what was read is kept, so that the database hears now and then that the connection is used.
    static let keptFor = Duration.seconds(86_400)

    private struct Kept {
        let position: Int64
        let rooms: SlidingRooms
        let until: ContinuousClock.Instant
    }

    private struct State {
        var kept: OrderedDictionary<Int64, Kept> = [:]
        var count = 0
    }

    private let store: SlidingConnectionStore
    private let logger: Logger
    private let state = Mutex(State())

    init(store: SlidingConnectionStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// What a client knows that comes with a position.
    ///
    /// - Throws: `M_UNKNOWN_POS` when no client can be there.
    func knowledge(at position: SlidingToken?, of viewer: Viewer) async throws -> SlidingKnowledge {
        guard let position else { return SlidingKnowledge(position: nil, rooms: SlidingRooms()) }
        let kept = state.withLock { $0.kept[position.connection] }
        if let kept, kept.position == position.position, kept.until > .now {
            return SlidingKnowledge(position: position, rooms: kept.rooms)
        }
        guard
            let rooms = try await store.rooms(
                at: position.position, of: position.connection, for: viewer.user, on: viewer.device)
        else { throw MatrixError.unknownPosition }
        keep(rooms, at: position.position, of: position.connection)
        return SlidingKnowledge(position: position, rooms: rooms)
    }

    /// Writes what an answer tells, if it changes what is known, and says where the client is then.
    ///
    /// - Throws: `M_UNKNOWN_POS` when the client's position is not good any more.
    func advance(
        _ knowledge: SlidingKnowledge, _ request: SlidingRequest, telling told: [SlidingRoom],
        configs: [Int64: [UInt8]]
    ) async throws -> (connection: Int64, position: Int64) {
        if let position = knowledge.position, told.isEmpty { return (position.connection, position.position) }
        let connection: Int64
        if let position = knowledge.position {
            connection = position.connection
        } else {
            connection = try await store.begin(request.connection, of: request.viewer.user, on: request.viewer.device)
        }
        let new = configs.filter { knowledge.rooms.configs[$0.key] == nil }
        guard
            let position = try await store.advance(
                connection, from: knowledge.position?.position ?? 0, telling: told, configs: new)
        else { throw MatrixError.unknownPosition }
        var rooms = knowledge.rooms
        for room in told { rooms.rooms[room.room] = room }
        rooms.configs.merge(new) { $1 }
        keep(rooms, at: position, of: connection)
        return (connection, position)
    }

    private func keep(_ rooms: SlidingRooms, at position: Int64, of connection: Int64) {
        let kept = Kept(position: position, rooms: rooms, until: .now + Self.keptFor)
        state.withLock { state in
            if let old = state.kept.removeValue(forKey: connection) { state.count -= old.rooms.rooms.count }
            state.kept[connection] = kept
            state.count += rooms.rooms.count
            while state.count > Self.roomsMax, state.kept.count > 1 {
                state.count -= state.kept.removeFirst().value.rooms.rooms.count
            }
        }
    }

    /// Ends connections that nobody uses, every hour until cancelled.
    func run(every interval: Duration = .seconds(3_600)) async {
        await repeatUntilCancelled(every: interval, pausesFirst: true) {
            do {
                try await store.endUnused()
            } catch {
                // Those that are left are ended the next time, by whatever worker.
                logger.notice("unused connections are kept", metadata: ["error": "\(error)"])
            }
        }
    }
}
