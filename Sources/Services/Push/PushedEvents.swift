import CanonicalJSON
import Events
import Identifiers
import RoomReading
import RoomRules
import Storage

/// Reads events that are to be pushed, as they are now.
struct PushedEvents: Sendable {
    let facts: RoomFacts
    let events: EventStore
    let work: PushWorkStore

    /// An event, and what is shown beside it.
    struct Found: Sendable {
        let event: Event
        let roomName: String?
        let roomAlias: String?
        let senderName: String?
    }

    /// - Returns: `nil` when there is nothing to tell `user` any more: the event was redacted, or they have left.
    func find(_ id: EventID, in room: RoomID, for user: UserID) async throws -> Found? {
        let state = try await facts.state(["m.room.name", "m.room.canonical_alias"], of: [room])[room]
        guard let state, try await work.member(user, of: room).isThere,
            let stored = try await events.event(id, of: room, rules: state.placement.version.rules),
            stored.redactedBy == nil
        else { return nil }
        func text(_ type: String, _ field: String) -> String? {
            state.events[StateMapKey(type: type, stateKey: "")]?.content[field]?.stringValue
        }
        return Found(
            event: stored.event, roomName: text("m.room.name", "name"),
            roomAlias: text("m.room.canonical_alias", "alias"),
            senderName: try await work.member(stored.event.sender, of: room).displayName)
    }
}
