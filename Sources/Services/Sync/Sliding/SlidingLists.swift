import CanonicalJSON
import Identifiers
import ReplicationLog
import RoomReading
import Storage

/// The rooms a request wants, found by its lists and subscriptions.
struct SlidingSelection: Sendable {
    struct Window: Sendable {
        let name: String
        /// How many rooms the list has in all.
        let count: Int
        /// The rooms of each of the list's ranges, the newest first.
        let ranges: [(range: ClosedRange<Int>, rooms: [RoomID])]

        var rooms: [RoomID] { ranges.flatMap(\.rooms) }
    }

    var windows: [Window] = []
    /// What is wanted of each room.
    var configs: [RoomID: RoomConfig] = [:]
    /// The rooms wanted, the newest first.
    var order: [RoomID] = []
    var overviews: [RoomID: RoomOverview] = [:]

    /// The rooms that an extension is wanted of.
    func rooms(of scope: SlidingExtensions.Scope, subscriptions: [RoomID: RoomConfig]) -> Set<RoomID> {
        var rooms: Set<RoomID> = []
        for window in windows where scope.lists?.contains(where: { $0.utf8.elementsEqual(window.name.utf8) }) ?? true {
            rooms.formUnion(window.rooms)
        }
        return rooms.union(subscriptions.keys.filter { scope.rooms?.contains($0) ?? true })
    }
}

/// Finds the rooms that lists and subscriptions are of (MSC4186, "Lists and subscriptions").
struct SlidingLists: Sendable {
    let overviews: RoomOverviewMemory
    let memberships: UserMembershipStore
    let accountData: AccountDataStore
    let facts: RoomFacts

    /// - Parameter known: rooms the connection has been told of: of those the user hears also when they have left.
    func select(
        _ request: SlidingRequest, for user: UserRooms, _ preferences: UserPreferences, known: Set<RoomID>
    ) async throws -> SlidingSelection {
        let rooms = try await visible(user, preferences, known: known)
        var selection = SlidingSelection()
        selection.overviews = try await overviews.overviews(of: rooms)
        let sorted = Self.sorted(rooms, by: selection.overviews)
        let tags = try await tags(request, of: user)
        for list in request.lists {
            let spaces = try await children(list.filter.spaces, user)
            let overviews = selection.overviews
            let matching = sorted.filter { room in
                let isDirect = preferences.directRooms.contains(room.room)
                let isWanted = list.filter.wants(
                    room, overviews[room.room], isDirect: isDirect, tags: tags[room.room] ?? [])
                return isWanted && spaces?.contains(room.room) ?? true
            }
            let wanted = list.ranges ?? [0...max(0, matching.count - 1)]
            let ranges = wanted.map { range -> (range: ClosedRange<Int>, rooms: [RoomID]) in
                (range, matching[range.clamped(to: matching.count)].map { $0.room })
            }
            let window = SlidingSelection.Window(name: list.name, count: matching.count, ranges: ranges)
            for room in window.rooms { selection.add(list.config, to: room) }
            selection.windows.append(window)
        }
        let visible = Set(rooms.map(\.room))
        for (room, config) in request.subscriptions where visible.contains(room) { selection.add(config, to: room) }
        let configs = selection.configs
        selection.order = sorted.map { $0.room }.filter { configs[$0] != nil }
        return selection
    }

    /// The newest first; of those that are as new as each other, in byte order.
    private static func sorted(_ rooms: [UserRoom], by overviews: [RoomID: RoomOverview]) -> [UserRoom] {
        func stamp(_ room: UserRoom) -> Int64 { overviews[room.room]?.stamp ?? 0 }
        return rooms.sorted { left, right in
            let (first, second) = (stamp(left), stamp(right))
            return first == second ? left.room < right.room : first > second
        }
    }

    /// The rooms that may be in lists: those the user is in, invited to or knocking on, those they were thrown out of, and
    /// those they left that the client still believes them in.
    private func visible(
        _ user: UserRooms, _ preferences: UserPreferences, known: Set<RoomID>
    ) async throws -> [UserRoom] {
        var rooms: [UserRoom] = []
        var gone: [UserRoom] = []
        for room in user.rooms.values {
            switch room.membership {
            case .join, .knock: rooms.append(room)
            case .invite: if !preferences.unwanted.hidesInvite(by: room.sender) { rooms.append(room) }
            case .leave, .ban: if room.sender != user.user || known.contains(room.room) { gone.append(room) }
            }
        }
        guard !gone.isEmpty else { return rooms }
        let forgotten = try await memberships.forgotten(by: user.user)
        let joined = try await memberships.everJoined(user.user, among: gone.map(\.room))
        return rooms
            + gone.filter { room in
                guard forgotten[room.room].map({ $0 < room.position }) ?? true else { return false }
                return known.contains(room.room) || joined.contains(room.room)
            }
    }

    private func tags(_ request: SlidingRequest, of user: UserRooms) async throws -> [RoomID: Set<ByteOrderedText>] {
        guard request.lists.contains(where: \.filter.usesTags) else { return [:] }
        let contents = try await accountData.fetchInRooms("m.tag", of: user.user)
        return contents.mapValues { Set(($0["tags"]?.objectValue?.keys ?? []).map { ByteOrderedText($0) }) }
    }

    /// The rooms that are in one of `spaces`, as far as the user is in these; `nil` without spaces.
    private func children(_ spaces: [RoomID]?, _ user: UserRooms) async throws -> Set<RoomID>? {
        guard let spaces else { return nil }
        var children: Set<RoomID> = []
        for space in spaces {
            guard let room = user[space], room.membership == .join else { continue }
            let events = try await facts.state(
                ofType: "m.space.child", in: space, version: room.placement.version, limit: Self.childrenMax)
            for event in events where event.content["via"]?.arrayValue?.isEmpty == false {
                if let child = event.stateKey.flatMap({ RoomID($0) }) { children.insert(child) }
            }
        }
        return children
    }

    /// The most rooms of one space.
    static let childrenMax = 5_000
}

extension SlidingSelection {
    fileprivate mutating func add(_ config: RoomConfig, to room: RoomID) {
        configs[room] = configs[room].map { $0.union(config) } ?? config
    }
}

extension SlidingFilter {
    func wants(
        _ room: UserRoom, _ overview: RoomOverview?, isDirect: Bool, tags: Set<ByteOrderedText>
    ) -> Bool {
        if let wanted = self.isDirect, wanted != isDirect { return false }
        if let isInvited, isInvited != (room.membership == .invite) { return false }
        if let isEncrypted, isEncrypted != (overview?.isEncrypted ?? false) { return false }
        let type = overview?.type.map { ByteOrderedText($0) }
        if notTypes.contains(type) || !(types?.contains(type) ?? true) { return false }
        return !notTags.contains(where: tags.contains) && (self.tags?.contains(where: tags.contains) ?? true)
    }
}

extension ClosedRange<Int> {
    /// The part of the range that a list of `count` has.
    fileprivate func clamped(to count: Int) -> Range<Int> {
        let end = Swift.min(upperBound < .max ? upperBound + 1 : .max, count)
        return Swift.min(lowerBound, end)..<end
    }
}
