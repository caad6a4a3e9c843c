import CanonicalJSON
import Events
import Identifiers
import NIOCore
import RoomReading
import Storage

/// Composes what an invited or knocking user is shown of a room (spec v1.19, client-server API, "Stripped state").
struct StrippedRoomComposer: Sendable {
    private static let types = [
        "m.room.create", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.join_rules",
        "m.room.canonical_alias", "m.room.encryption",
    ]

    let readers: RoomReaders

    /// - Parameters:
    ///   - room: the user's invite or knock.
    ///   - name: `invite_state` or `knock_state`.
    func compose(_ room: UserRoom, for user: UserID, as name: String) async throws -> [ByteBuffer] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key(name)
        writer.beginObject()
        writer.key("events")
        writer.beginArray()
        for event in try await events(of: room, for: user) { writer.raw(event) }
        writer.endArray()
        writer.endObject()
        writer.endObject()
        return [ByteBuffer(bytes: writer.bytes)]
    }

    /// The stripped events, each a JSON object.
    func events(of room: UserRoom, for user: UserID) async throws -> [[UInt8]] {
        let roots = try await readers.deltas.roots(of: [(room.room, room.position, room.position)])
        let tree = try await readers.tree(roots[room.room]?.first, of: room)
        var ids = Self.types.compactMap { tree[StateMapKey(type: $0, stateKey: "")] }
        if room.sender != user { ids += [tree[.member(room.sender)]].compactMap { $0 } }
        ids.append(room.event)
        let events = try await readers.stateEvents(ids, of: room, in: nil)
        return ids.compactMap { events[$0] }.map { ClientEventJSON.stripped($0.stored.event) }
    }
}
