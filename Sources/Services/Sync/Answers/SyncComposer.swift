import CanonicalJSON
import Identifiers
import NIOCore
import ReplicationLog
import RoomReading
import Storage

/// Composes answers to `/sync`, each at one cut.
struct SyncComposer: Sendable {
    /// Rooms composed at once for one answer.
    static let roomsAtOnceMax = 8
    /// Rooms whose timelines and receipts are read in one statement.
    static let roomsPerStatementMax = 40

    let readers: RoomReaders
    let sections: SectionFinder
    let users: UserRoomsMemory
    let toldMembers: ToldMembers
    let unwanted: UnwantedSendersMemory

    /// The answer to `request` at `cut`.
    ///
    /// - Parameters:
    ///   - since: the request's token, not ahead of the cut; `nil` for an initial sync.
    ///   - looked: the cut up to which there was nothing for this request.
    /// - Precondition: `cut` is not ahead of the tail.
    func compose(_ request: SyncRequest, since: SyncToken?, looked: Cut?, at cut: Cut) async throws -> SyncAnswer {
        let user = try await users.rooms(of: request.viewer.user, at: cut)
        var found: SyncSections
        if let since {
            found = try await sections.news(for: user, request, since: since, looked: looked, at: cut)
        } else {
            found = try await sections.everything(for: user, request, at: cut)
        }
        var request = request
        if !found.joined.isEmpty || !found.invited.isEmpty || !found.left.isEmpty {
            let unwanted = try await unwanted.senders(unwantedBy: user.user)
            request.unwanted = unwanted
            found.invited.removeAll { unwanted.hidesInvite(by: $0.sender) }
        }
        let told =
            request.filter.lazyLoadsMembers && !request.isInitial
            ? toldMembers.told(request.viewer, since: since) : [:]
        let joined = try await compose(found.joined, request, since: since, told: told)
        let asked = request
        let left = try await concurrently(found.left) { left in
            try await LeftRoomComposer(readers: readers, request: asked, left: left).compose()
        }
        let stripped = StrippedRoomComposer(readers: readers)
        let invited = try await concurrently(found.invited) {
            try await stripped.compose($0, for: user.user, as: "invite_state")
        }
        let knocked = try await concurrently(found.knocked) {
            try await stripped.compose($0, for: user.user, as: "knock_state")
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
        _ rooms: [JoinedRoom], _ request: SyncRequest, since: SyncToken?, told: ToldMembers.Members
    ) async throws -> [RoomAnswer?] {
        guard !rooms.isEmpty else { return [] }
        let ignored = Array(request.unwanted.ignored.subtracting([request.viewer.user]).prefix(IgnoredUsers.usersMax))
        var answers: [RoomAnswer?] = []
        for start in stride(from: 0, to: rooms.count, by: Self.roomsPerStatementMax) {
            let part = Array(rooms[start..<min(start + Self.roomsPerStatementMax, rooms.count)])
            let prepared = try await withUnread(withPagesAndReceipts(part, request), request, ignoring: ignored)
            answers += try await concurrently(prepared) { joined in
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
        let isPaged = request.wantsAllEvents && !fresh.isEmpty
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
            room.hasOwnReceipt = room.receipts.contains { $0.user == request.viewer.user }
            if isPaged, room.since == nil {
                room.firstPage = foundPages[room.room.room] ?? []
                room.related = related
            }
            return room
        }
    }

    /// The rooms with what the user has not read of them.
    private func withUnread(
        _ rooms: [JoinedRoom], _ request: SyncRequest, ignoring ignored: [UserID]
    ) async throws -> [JoinedRoom] {
        let counts = try await readers.unread.counts(
            in: rooms.map { UnreadRequest(room: $0.room.room, joinedAt: $0.room.position, upTo: $0.upTo) },
            for: request.viewer.user, ignoring: ignored, listsThreads: request.filter.listsUnreadThreads)
        return rooms.map { room in
            var room = room
            room.unread = counts[room.room.room] ?? RoomUnread()
            return room
        }
    }

    /// Does `body` for each of `items`, a few at once; the results are in the items' order.
    private func concurrently<Item: Sendable, Result: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Item) async throws -> Result
    ) async throws -> [Result] {
        if items.count <= 1 {
            var results: [Result] = []
            for item in items { results.append(try await body(item)) }
            return results
        }
        return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var results = [Result?](repeating: nil, count: items.count)
            for (index, item) in items.enumerated() {
                if index >= Self.roomsAtOnceMax, let (done, result) = try await group.next() { results[done] = result }
                group.addTask { (index, try await body(item)) }
            }
            for try await (done, result) in group { results[done] = result }
            return results.compactMap { $0 }
        }
    }

    // MARK: The whole

    private func write(
        _ found: SyncSections, _ rooms: RoomSections, _ members: ToldMembers.Members, _ request: SyncRequest,
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
        writer.json.member("device_one_time_keys_count", [:] as JSONObject)
        writer.json.key("rooms")
        rooms.write(to: &writer)
        writer.json.endObject()
        return SyncAnswer(
            pieces: writer.finish(),
            isEmpty: accountData.isEmpty && presence.isEmpty && found.toDevice.messages.isEmpty && rooms.isEmpty,
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
