import CanonicalJSON
import Identifiers
import NIOCore
import ReplicationLog
import RoomReading
import Storage

/// Composes answers to `/sync`, each at one cut.
///
/// A class: every parked poll refers to one, and as a value its thirty stores would be copied into each of the poll's frames.
final class SyncComposer: Sendable {
    /// Rooms whose timelines and receipts are read in one statement.
    static let roomsPerStatementMax = 40

    let readers: RoomReaders
    let sections: SectionFinder
    let users: UserRoomsMemory
    let toldMembers: ToldMembers<SyncToken>
    let preferences: UserPreferencesMemory

    init(
        readers: RoomReaders, sections: SectionFinder, users: UserRoomsMemory, toldMembers: ToldMembers<SyncToken>,
        preferences: UserPreferencesMemory
    ) {
        self.readers = readers
        self.sections = sections
        self.users = users
        self.toldMembers = toldMembers
        self.preferences = preferences
    }

    /// The answer to `request` at `cut`.
    ///
    /// - Parameters:
    ///   - since: the request's token, not ahead of the cut; `nil` for an initial sync.
    ///   - looked: the cut up to which there was nothing for this request.
    /// - Precondition: `cut` is not ahead of the tail.
    func compose(_ request: SyncRequest, since: SyncToken?, looked: Cut?, at cut: Cut) async throws -> SyncAnswer {
        let user = try await users.rooms(of: request.viewer.user, at: cut)
        let found =
            if let since {
                try await sections.news(for: user, request, since: since, looked: looked, at: cut)
            } else {
                try await sections.everything(for: user, request, at: cut)
            }
        guard found.hasRooms else { return try await compose(found, request, since: since, at: cut) }
        let preferences = try await preferences.preferences(of: user.user)
        return try await compose(
            found.without(invitesOf: preferences.unwanted), request.with(preferences), since: since, at: cut)
    }

    private func compose(
        _ found: SyncSections, _ request: SyncRequest, since: SyncToken?, at cut: Cut
    ) async throws -> SyncAnswer {
        let told =
            request.filter.lazyLoadsMembers && !request.isInitial
            ? toldMembers.told(request.viewer, since: since) : [:]
        let joined = try await compose(found.joined, request, since: since, told: told)
        let left = try await concurrently(found.left) { [readers] left in
            try await LeftRoomComposer(readers: readers, request: request, left: left).compose()
        }
        let stripped = StrippedRoomComposer(readers: readers)
        let invited = try await concurrently(found.invited) {
            try await stripped.compose($0, for: request.viewer.user, as: "invite_state")
        }
        let knocked = try await concurrently(found.knocked) {
            try await stripped.compose($0, for: request.viewer.user, as: "knock_state")
        }
        let rooms = RoomSections(
            joined: zip(found.joined, joined).compactMap { room, answer in answer.map { (room.room.room, $0.pieces) } },
            invited: zip(found.invited, invited).map { ($0.room, $1) },
            knocked: zip(found.knocked, knocked).map { ($0.room, $1) },
            left: zip(found.left, left).map { ($0.room.room, $1) })
        let members = Dictionary(
            zip(found.joined, joined).compactMap { room, answer in
                answer.flatMap { $0.members.isEmpty ? nil : (room.room.room, $0.members) }
            }, uniquingKeysWith: { $1 })
        var answer = write(found, rooms, members, request, at: cut)
        answer.sharedByteCount = joined.reduce(0) { $0 + ($1?.sharedByteCount ?? 0) }
        return answer
    }

    // MARK: Rooms

    private func compose(
        _ rooms: [JoinedRoom], _ request: SyncRequest, since: SyncToken?, told: ToldMembers<SyncToken>.Members
    ) async throws -> [RoomAnswer?] {
        guard !rooms.isEmpty else { return [] }
        let ignored = request.viewer.ignored ?? []
        var answers: [RoomAnswer?] = []
        for start in stride(from: 0, to: rooms.count, by: Self.roomsPerStatementMax) {
            let part = Array(rooms[start..<min(start + Self.roomsPerStatementMax, rooms.count)])
            let read = try await withSticky(withPagesAndReceipts(part, request))
            let prepared = try await withUnread(read, request, ignoring: ignored)
            answers += try await concurrently(prepared) { [readers] joined in
                try await JoinedRoomComposer(
                    readers: readers, request: request, joined: joined,
                    told: joined.since == nil ? [] : told[joined.room.room] ?? []
                ).compose()
            }
        }
        return answers
    }

    /// The rooms with what can be read for many of them in one statement.
    private func withPagesAndReceipts(_ rooms: [JoinedRoom], _ request: SyncRequest) async throws -> [JoinedRoom] {
        let fresh = rooms.filter { $0.since == nil }
        let isPaged = request.timeline.wantsAll && !fresh.isEmpty
        async let pages = readers.events.newest(
            of: isPaged
                ? fresh.map {
                    RoomPageRequest(
                        room: $0.room.room, rules: $0.room.placement.version.rules, after: .zero, upTo: $0.upTo)
                } : [], limit: request.filter.timelineLimit + 1)
        let withReceipts = rooms.filter { $0.since == nil || $0.changes.contains(.receipts) }
        async let receipts = readers.receipts.receipts(
            in: withReceipts.map { ($0.room.room, $0.since ?? .zero, $0.upTo) }, for: request.viewer.user)
        let (foundPages, foundReceipts) = (try await pages, try await receipts)
        let related = try await readers.relations.parents(among: foundPages.values.flatMap { $0.map(\.event.id) })
        return rooms.map { room in
            var room = room
            room.receipts = foundReceipts[room.room.room] ?? []
            if isPaged, room.since == nil {
                room.firstPage = foundPages[room.room.room] ?? []
                room.related = related
            }
            return room
        }
    }

    /// The rooms with what sticks, of those that the client knows nothing of.
    private func withSticky(_ rooms: [JoinedRoom]) async throws -> [JoinedRoom] {
        let fresh = rooms.filter { $0.since == nil }
        guard !fresh.isEmpty else { return rooms }
        let found = try await readers.sticky.events(
            of: fresh.map {
                RoomPageRequest(
                    room: $0.room.room, rules: $0.room.placement.version.rules, after: .zero, upTo: $0.upTo)
            }, at: readers.clock.now())
        return rooms.map { room in
            var room = room
            if room.since == nil { room.sticky = found[room.room.room] ?? [] }
            return room
        }
    }

    /// The rooms with what the user has not read of them.
    private func withUnread(
        _ rooms: [JoinedRoom], _ request: SyncRequest, ignoring ignored: [UserID]
    ) async throws -> [JoinedRoom] {
        guard !rooms.isEmpty else { return rooms }
        guard let rules = request.pushRules else { preconditionFailure("rooms are composed by somebody's rules") }
        let counts = try await readers.unread.counts(
            in: rooms.map { UnreadRequest(room: $0.room.room, joinedAt: $0.room.position, upTo: $0.upTo) },
            for: request.viewer.user, rules: rules, ignoring: ignored,
            listsThreads: request.filter.listsUnreadThreads)
        return rooms.map { room in
            var room = room
            room.unread = counts[room.room.room] ?? RoomUnread()
            return room
        }
    }

    // MARK: The whole

    private func write(
        _ found: SyncSections, _ rooms: RoomSections, _ members: ToldMembers<SyncToken>.Members, _ request: SyncRequest,
        at cut: Cut
    ) -> SyncAnswer {
        let next = SyncToken(
            cut: cut, toDevice: found.toDevice.position, typing: found.typing, presence: found.presence.position,
            user: request.viewer.user)
        let accountData = found.accountData.filter { request.filter.accountData.wants(type: $0.type) }
        let presence = PresencePart(found.presence.seen, filter: request.filter.presence)
        var writer = SpliceWriter()
        writer.json.beginObject()
        writer.json.member("next_batch", next.text)
        writer.json.key("account_data")
        AccountDataPart.write(accountData, to: &writer.json)
        writer.json.key("presence")
        presence.write(to: &writer.json)
        writer.json.key("to_device")
        writer.json.beginObject()
        writer.json.key("events")
        writer.json.beginArray()
        for message in found.toDevice.messages { writer.json.raw(message) }
        writer.json.endArray()
        writer.json.endObject()
        EncryptionPart.writeMembers(found.encryption, to: &writer.json)
        writer.json.key("rooms")
        rooms.write(to: &writer)
        writer.json.endObject()
        return SyncAnswer(
            pieces: writer.finish(),
            isEmpty: accountData.isEmpty && presence.isEmpty && found.toDevice.messages.isEmpty && rooms.isEmpty
                && found.encryption.isSilent,
            next: next,
            members: members)
    }
}

/// The rooms of an answer, written already.
private struct RoomSections {
    typealias Rooms = [(room: RoomID, pieces: [ByteBuffer])]
    let joined: Rooms
    let invited: Rooms
    let knocked: Rooms
    let left: Rooms

    var isEmpty: Bool { joined.isEmpty && invited.isEmpty && knocked.isEmpty && left.isEmpty }

    func write(to writer: inout SpliceWriter) {
        writer.json.beginObject()
        for (name, rooms) in [("join", joined), ("invite", invited), ("knock", knocked), ("leave", left)] {
            writer.json.key(name)
            writer.json.beginObject()
            for (room, pieces) in rooms {
                writer.json.key(room.rawValue)
                writer.value(pieces)
            }
            writer.json.endObject()
        }
        writer.json.endObject()
    }
}
