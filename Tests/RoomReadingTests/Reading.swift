import Identifiers
import Postgres
import ReplicationLog
import RoomReading
import Storage
import Synchronization
import TestSupport
import Testing

/// A database whose statements are counted, and can be held back.
final class CountedDatabase: PostgresQuerying {
    private struct State {
        var count = 0
        var isHeld = false
        var held: [CheckedContinuation<Void, Never>] = []
    }

    private let database: PostgresDatabase
    private let state = Mutex(State())

    init(_ database: PostgresDatabase) { self.database = database }

    var count: Int { state.withLock { $0.count } }

    func hold() { state.withLock { $0.isHeld = true } }

    func release() {
        let held = state.withLock { state in
            state.isHeld = false
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    func query(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresRows {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                state.count += 1
                if state.isHeld { state.held.append(continuation) }
                return !state.isHeld
            }
            if goesOn { continuation.resume() }
        }
        return try await database.query(statement)
    }
}

/// What reads rooms, over one database; statements about events and state are counted.
struct Reading: Sendable {
    let database: PostgresDatabase
    let counted: CountedDatabase
    let events: EventStore
    let history: StateHistory
    let views: RoomViews
    let reader: RoomReader
    let pages: EventPages
    let served: ServedEvents

    init(_ database: PostgresDatabase) {
        self.database = database
        counted = CountedDatabase(database)
        events = EventStore(database: counted)
        history = StateHistory(database: counted)
        views = RoomViews(
            placements: RoomPlacements(facts: RoomFacts(database: database)),
            memberships: MembershipHistory(database: database), history: history, events: events)
        reader = RoomReader(
            views: views, heads: ShardHeads(database: database), forgotten: ForgottenRooms(database: database))
        pages = EventPages(store: events, relations: RelationStore(database: counted))
        served = ServedEvents(
            store: events,
            bundles: RelationBundles(
                relations: RelationStore(database: database),
                ignored: IgnoredUsers(store: AccountDataStore(database: database))),
            erasure: Erasure(users: ErasedUserStore(database: database)))
    }

    static func with(_ body: (Reading) async throws -> Void) async throws {
        try await TestDatabase.with { try await body(Reading($0.database)) }
    }
}

/// A user of the tests' server.
func user(_ name: String) throws -> UserID { try #require(UserID("@\(name):\(TestDatabase.serverName)")) }
