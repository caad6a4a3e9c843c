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
        let version = events.request.version
        let content = events.createContent
        guard version.rules.eventFormat.roomIDIsCreateEvent else {
            let room = randomRoomID()
            let drafts = [events.state("m.room.create", "", content)] + events.afterCreate
            return Start(room: room, command: command(room, events, nil, drafts))
        }
        let created = try createEvent(content, by: events.creator, version, at: now)
        return Start(room: created.room, command: command(created.room, events, created.json, events.afterCreate))
    }

    private func command(_ room: RoomID, _ events: FirstEvents, _ createEvent: JSONObject?, _ drafts: [EventDraft])
        -> WriterCommand.CreateRoom
    {
        WriterCommand.CreateRoom(
            room: room, version: events.request.version.name, createEvent: createEvent, events: drafts)
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
