import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Storage
import Testing
import WorkerContracts
import WriterTestSupport

/// Makes signed events of a room beside its writer, as another server or a fixture does.
struct Elsewhere {
    let room: TestRoom
    let builder: EventBuilder
    private(set) var events: [EventID: Event] = [:]
    private var clock: Int64 = 1_800_000_000_000

    init(_ room: TestRoom, writers: TestWriters) async throws {
        self.room = room
        builder = EventBuilder(rules: room.version.rules, server: TestRoom.server, key: try InProcessWriter.key())
        let rows = try await writers.database.query(
            "SELECT event_id FROM event WHERE room_id = $1 LIMIT 1000", room.room.rawValue)
        let ids = try rows.compactMap { EventID(try $0.text("event_id")) }
        let known = try await KnownEvents(database: writers.database).fetch(
            ids, of: room.room, rules: room.version.rules)
        events = known.mapValues(\.event)
    }

    /// Builds an event after `prev`, authorised by those of `auth` that have a say.
    mutating func make(
        _ draft: EventDraft, after prev: [EventID], auth: [EventID], at time: Int64? = nil
    ) throws -> Event {
        clock += 1
        let keys = Set(
            authEventKeys(
                for: draft.type, stateKey: draft.stateKey, sender: draft.sender, content: draft.content,
                rules: room.version.rules))
        let named = auth.compactMap { events[$0] }.filter { event in event.stateMapKey.map(keys.contains) ?? false }
        let event = try builder.build(
            room: room.room, type: draft.type, stateKey: draft.stateKey, sender: draft.sender, content: draft.content,
            redacts: draft.redacts, prev: try prev.map { try #require(events[$0]) }, auth: named,
            originServerTS: Timestamp(milliseconds: time ?? clock))
        events[event.id] = event
        return event
    }
}
