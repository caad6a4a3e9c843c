import Events
import Identifiers
import RoomReading
import Storage

/// All state events of a room that a filter lets pass, but for members that are loaded when they are needed.
struct WholeState: Sendable {
    let readers: RoomReaders
    let filter: SyncFilter

    /// Shared bytes where the filter lets everything pass; otherwise the events one by one.
    func part(at root: StateRootID, of room: UserRoom) async throws -> StatePart {
        let selection: StateSelection = filter.lazyLoadsMembers ? .withoutMembers : .all
        if filter.state.isEverything {
            return StatePart(
                shared: try await readers.states.pieces(
                    at: root, of: room.room, rules: room.placement.version.rules, selection))
        }
        var ids: [EventID] = []
        try await readers.tree(root, of: room).forEach { key, event in
            if selection == .withoutMembers, key.isType("m.room.member") { return }
            if filter.state.wants(type: key.type) { ids.append(event) }
        }
        let events = try await readers.stateEvents(ids, of: room, in: nil)
        return StatePart(own: ids.compactMap { events[$0] }.filter { filter.state.wants($0.stored.event) })
    }
}
