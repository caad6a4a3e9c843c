import CanonicalJSON
import Events
import Identifiers
import MatrixHTTP
import RoomRules
import Signing
import WorkerContracts

// From room version 12 a room's ID is the hash of its create event, and the room's shard follows from its ID. The create
// event is therefore fixed and signed here, before it is known who will write it; everything after it the room's writer
// builds. Earlier versions have a random ID.

/// Makes the beginning of a room.
package struct RoomGenesis: Sendable {
    package struct Start {
        package var room: RoomID
        package var command: WriterCommand.CreateRoom
    }

    let server: ServerName
    let key: SigningKey

    package init(server: ServerName, key: SigningKey) {
        self.server = server
        self.key = key
    }

    /// - Throws: `M_TOO_LARGE` when the create event does not fit.
    package func make(_ events: FirstEvents, at now: Timestamp) throws -> Start {
        try make(
            events.request.version, createContent: events.createContent, by: events.creator, events.afterCreate, at: now
        )
    }

    /// - Parameter events: everything after the create event.
    /// - Throws: `M_TOO_LARGE` when the create event does not fit.
    package func make(
        _ version: RoomVersion, createContent content: JSONObject, by creator: UserID, _ events: [EventDraft],
        at now: Timestamp
    ) throws -> Start {
        guard version.rules.eventFormat.roomIDIsCreateEvent else {
            let create = EventDraft(type: "m.room.create", stateKey: "", sender: creator, content: content)
            return start(randomRoomID(), version, createEvent: nil, [create] + events)
        }
        let created = try createEvent(content, by: creator, version, at: now)
        return start(created.room, version, createEvent: created.json, events)
    }

    private func start(_ room: RoomID, _ version: RoomVersion, createEvent: JSONObject?, _ drafts: [EventDraft])
        -> Start
    {
        Start(
            room: room,
            command: WriterCommand.CreateRoom(
                room: room, version: version.name, createEvent: createEvent, events: drafts))
    }

    private func createEvent(_ content: JSONObject, by creator: UserID, _ version: RoomVersion, at now: Timestamp)
        throws -> (room: RoomID, json: JSONObject)
    {
        let builder = EventBuilder(rules: version.rules, server: server, key: key)
        let event: Event
        do {
            event = try builder.buildCreate(
                version: version, content: content, sender: creator, room: nil, originServerTS: now)
        } catch {
            throw MatrixError.tooLarge("The create event is too large: \(error)")
        }
        return (event.room, event.json)
    }

    private func randomRoomID() -> RoomID {
        guard let room = RoomID("!\(SecureRandom.text(18, of: SecureRandom.letters)):\(server)") else {
            preconditionFailure("18 letters and a server name are a room ID")
        }
        return room
    }
}
