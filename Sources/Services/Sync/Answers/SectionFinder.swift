import Identifiers
import ReplicationLog
import RoomReading
import Storage

/// Finds out which rooms and what else an answer has to speak of.
struct SectionFinder: Sendable {
    let readers: RoomReaders
    let finder: ChangeFinder
    let memberships: UserMembershipStore
    let typing: TypingBoard
    let inbox: ToDeviceInbox
    /// `nil`: presence is off.
    let presence: PresenceFinder?
    let encryption: EncryptionFinder

    // MARK: Everything

    /// The sections of an initial sync.
    func everything(for user: UserRooms, _ request: SyncRequest, at cut: Cut) async throws -> SyncSections {
        async let batch = inbox.batch(for: request.viewer, in: user.shard, after: .zero, upTo: cut[user.shard])
        async let items = readers.accountData.changes(of: user.user, after: .zero, upTo: cut[user.shard])
        async let keys = encryption.beginning(for: request.viewer)
        let news = typing.news(since: .none, isJoined: { user.isJoined($0.text) }, joined: { [] })
        let wanted = user.rooms.values.filter { request.filter.rooms.wants(room: $0.room) }.sorted { $0.room < $1.room }
        var sections = SyncSections(toDevice: try await batch, typing: news.position)
        sections.presence = presence?.news(for: user, since: .none) ?? PresenceFinder.News()
        sections.encryption = try await keys
        let known = try await items.filter { $0.content != nil }
        sections.accountData = try known.filter { $0.room == nil }.withPushRules(of: user.user, isFirst: true)
        let ofRooms = Dictionary(grouping: known.filter { $0.room != nil }, by: \.room)
        sections.invited = wanted.filter { $0.membership == .invite }
        sections.knocked = wanted.filter { $0.membership == .knock }
        sections.joined = wanted.filter { $0.membership == .join }.map { room in
            var joined = JoinedRoom(room: room, upTo: cut[room.shard])
            joined.accountData = ofRooms[room.room] ?? []
            joined.typing = news.rooms[room.room]
            return joined
        }
        if request.filter.includesLeftRooms { sections.left = try await leftRooms(wanted, of: user, ofRooms) }
        return sections
    }

    private func leftRooms(
        _ rooms: [UserRoom], of user: UserRooms, _ accountData: [RoomID?: [AccountDataItem]]
    ) async throws -> [LeftRoom] {
        let left = rooms.filter { $0.membership == .leave || $0.membership == .ban }
        let forgotten = try await memberships.forgotten(by: user.user)
        return left.filter { forgotten[$0.room].map { [position = $0.position] in $0 < position } ?? true }
            .map { LeftRoom(room: $0, known: .nothing, accountData: accountData[$0.room] ?? []) }
    }

    // MARK: What is new

    /// The sections of an incremental sync.
    ///
    /// - Parameter looked: the cut up to which there was nothing for this request.
    func news(
        for user: UserRooms, _ request: SyncRequest, since: SyncToken, looked: Cut?, at cut: Cut
    ) async throws -> SyncSections {
        let changes = try await finder.changes(for: user, after: looked ?? since.cut, upTo: cut)
        let typingNews = typing.news(
            since: since.typing, isJoined: { user.isJoined($0.text) }, joined: { user.joined.map(\.room) })
        var sections = SyncSections(
            toDevice: try await batch(for: user, request, since: since, changes, isFirstLook: looked == nil, at: cut),
            typing: typingNews.position)
        var items: [AccountDataItem] = []
        if changes.hasAccountData {
            items = try await readers.accountData.changes(
                of: user.user, after: since.cut[user.shard], upTo: cut[user.shard])
        }
        sections.accountData = try items.filter { $0.room == nil }.withPushRules(of: user.user, isFirst: false)
        let transitions =
            changes.hasMemberships
            ? try await MembershipTransitions(store: memberships).read(user, after: since.cut, upTo: cut) : [:]
        sections.encryption = try await encryption.news(
            for: user, request.viewer, changes, transitions, after: since.cut, at: cut)
        var joined = continuing(user, request, changes, since: since.cut, at: cut)
        try await add(transitions, of: user, request, since: since.cut, at: cut, to: &sections, &joined)
        for (room, users) in typingNews.rooms where request.filter.rooms.wants(room: room) {
            Self.edit(room, of: user, since: since.cut, at: cut, &joined) { $0.typing = users }
        }
        for (room, items) in Dictionary(grouping: items, by: \.room) {
            guard let room, request.filter.rooms.wants(room: room) else { continue }
            Self.edit(room, of: user, since: since.cut, at: cut, &joined) { joined in
                if joined.since != nil { joined.accountData = items }
            }
        }
        if let presence {
            sections.presence = presence.news(for: user, since: since.presence)
            let fresh = joined.values.filter { $0.since == nil }.map(\.room.room)
            sections.presence.seen += presence.members(of: fresh)
        }
        sections.joined = joined.values.sorted { $0.room.room < $1.room.room }
        if request.isFullState, request.filter.includesLeftRooms {
            let known = Set(sections.left.map(\.room.room))
            let others = user.rooms.values.filter {
                request.filter.rooms.wants(room: $0.room) && !known.contains($0.room)
            }
            sections.left += try await leftRooms(others.sorted { $0.room < $1.room }, of: user, [:])
        }
        return sections
    }

    private func batch(
        for user: UserRooms, _ request: SyncRequest, since: SyncToken, _ changes: SyncChanges, isFirstLook: Bool,
        at cut: Cut
    ) async throws -> ToDeviceBatch {
        let hasMore = since.toDevice < since.cut[user.shard]
        let mayDelete = isFirstLook && inbox.mayHaveAcknowledged(request.viewer)
        guard changes.hasToDevice || hasMore || mayDelete else { return ToDeviceBatch(position: cut[user.shard]) }
        return try await inbox.batch(
            for: request.viewer, in: user.shard, after: since.toDevice, upTo: cut[user.shard])
    }

    /// The rooms the user is in and in which something happened; all of them when their full state is wanted.
    private func continuing(
        _ user: UserRooms, _ request: SyncRequest, _ changes: SyncChanges, since: Cut, at cut: Cut
    ) -> [RoomID: JoinedRoom] {
        let rooms = request.isFullState ? user.joined : changes.rooms.keys.compactMap { user[$0] }
        var joined: [RoomID: JoinedRoom] = [:]
        for room in rooms where request.filter.rooms.wants(room: room.room) {
            joined[room.room] = JoinedRoom(
                room: room, since: since[room.shard], upTo: cut[room.shard], isFullState: request.isFullState,
                changes: changes.rooms[room.room] ?? [])
        }
        return joined
    }

    /// Sorts rooms the user came into or went out of.
    private func add(
        _ transitions: [RoomID: MembershipTransition], of user: UserRooms, _ request: SyncRequest, since: Cut,
        at cut: Cut, to sections: inout SyncSections, _ joined: inout [RoomID: JoinedRoom]
    ) async throws {
        let wanted = transitions.values.filter { request.filter.rooms.wants(room: $0.after.room) }
            .sorted { $0.after.room < $1.after.room }
        let fresh = wanted.filter { $0.after.membership == .join && !$0.staysJoined }.map(\.after)
        let items = Dictionary(
            grouping: try await readers.accountData.items(
                of: user.user, in: fresh.map(\.room), upTo: cut[user.shard]), by: \.room)
        for room in fresh {
            let typists = typing.users(in: room.room)
            joined[room.room] = JoinedRoom(
                room: room, upTo: cut[room.shard], accountData: items[room.room] ?? [],
                typing: typists.isEmpty ? nil : typists)
        }
        sections.invited = wanted.filter { $0.after.membership == .invite }.map(\.after)
        sections.knocked = wanted.filter { $0.after.membership == .knock }.map(\.after)
        let gone = wanted.filter { $0.after.membership == .leave || $0.after.membership == .ban }
        guard !gone.isEmpty else { return }
        let forgotten = try await memberships.forgotten(by: user.user)
        for transition in gone {
            let room = transition.after
            if let position = forgotten[room.room], position >= room.position { continue }
            sections.left.append(LeftRoom(room: room, known: transition.known(since: since[room.shard])))
        }
    }

    private static func edit(
        _ room: RoomID, of user: UserRooms, since: Cut, at cut: Cut, _ joined: inout [RoomID: JoinedRoom],
        _ change: (inout JoinedRoom) -> Void
    ) {
        guard let known = user[room], known.membership == .join else { return }
        var edited =
            joined[room] ?? JoinedRoom(room: known, since: since[known.shard], upTo: cut[known.shard])
        change(&edited)
        joined[room] = edited
    }
}
