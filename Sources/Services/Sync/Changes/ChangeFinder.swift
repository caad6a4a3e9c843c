import Identifiers
import ReplicationLog
import Storage

// Three places know what happened between two cuts: the tail's memory, the log table, and the base tables, each further
// back than the one before. All are only asked where to look; what is there is read by position from the base tables, so
// that an answer does not depend on which of them was asked.

/// Finds where something happened for a user between two cuts.
struct ChangeFinder: Sendable {
    /// Rooms asked for in one statement when the log does not reach back.
    static let roomsPerStatementMax = 1_000

    let tail: LogTail
    let activity: RoomActivityStore
    let deviceLists: DeviceListStore

    /// - Precondition: `to` is not ahead of the tail.
    func changes(for user: UserRooms, after from: Cut, upTo to: Cut) async throws -> SyncChanges {
        guard from != to else { return SyncChanges() }
        let log = try await tail.changes(after: from, upTo: to)
        var changes = SyncChanges()
        // A membership's entry comes right after those of its event or change of state, which name the room.
        var room: ByteOrderedText?
        for entry in log.entries {
            switch entry.kind {
            case .event, .stateChange: room = entry.key
            case .membership: Self.addMember(entry.key, in: room, for: user, after: from, to: &changes)
            default: break
            }
            Self.add(entry, for: user, to: &changes)
        }
        if !log.missing.isEmpty { try await addUnlogged(log.missing, for: user, after: from, upTo: to, to: &changes) }
        return changes
    }

    private static func add(_ entry: LogEntry, for user: UserRooms, to changes: inout SyncChanges) {
        switch entry.kind {
        case .event: add(.events, entry.key, for: user, to: &changes)
        case .stateChange: add(.state, entry.key, for: user, to: &changes)
        case .receipt: add(.receipts, entry.key, for: user, to: &changes)
        case .membership where entry.key == user.user.text: changes.hasMemberships = true
        case .accountData where entry.key == user.user.text: changes.hasAccountData = true
        case .toDevice where entry.key == user.user.text: changes.hasToDevice = true
        case .oneTimeKeys where entry.key == user.user.text: changes.hasOneTimeKeys = true
        case .signatures where entry.key == user.user.text: changes.hasSignatures = true
        case .deviceList: if let changed = UserID(entry.key.string) { changes.keyChanges.insert(changed) }
        // A room that is forgotten vanishes without a word.
        case .membership, .accountData, .toDevice, .oneTimeKeys, .signatures, .forgotten: break
        }
    }

    /// Notes who came into or went out of a room that the user is in, or was in at the earlier cut.
    private static func addMember(
        _ member: ByteOrderedText, in room: ByteOrderedText?, for user: UserRooms, after from: Cut,
        to changes: inout SyncChanges
    ) {
        guard member != user.user.text, let room = room.flatMap({ user.rooms[$0] }),
            room.membership == .join || room.position > from[room.shard], let member = UserID(member.string)
        else { return }
        changes.memberChanges[member, default: []].insert(room.room)
    }

    private static func add(
        _ change: SyncChanges.InRoom, _ key: ByteOrderedText, for user: UserRooms, to changes: inout SyncChanges
    ) {
        guard let room = user.rooms[key], room.membership == .join else { return }
        changes.rooms[room.room, default: []].insert(change)
    }

    /// Looks into the base tables for shards whose log is gone.
    private func addUnlogged(
        _ shards: [ShardID], for user: UserRooms, after from: Cut, upTo to: Cut, to changes: inout SyncChanges
    ) async throws {
        let shards = Set(shards)
        // Membership changes, account data and messages are read by position anyway.
        changes.hasMemberships = true
        if shards.contains(user.shard) {
            changes.hasAccountData = true
            changes.hasToDevice = true
            changes.hasOneTimeKeys = true
            changes.hasSignatures = true
        }
        if let changed = try await deviceLists.changed(after: shards.map { ($0, from[$0]) }) {
            changes.keyChanges.formUnion(changed)
        } else {
            changes.hasLostUsers = true
        }
        let rooms = user.joined.filter { shards.contains($0.shard) }
        for start in stride(from: 0, to: rooms.count, by: Self.roomsPerStatementMax) {
            let part = rooms[start..<min(start + Self.roomsPerStatementMax, rooms.count)]
            let found = try await activity.activity(in: part.map { ($0.room, from[$0.shard], to[$0.shard]) })
            try await addUnloggedMembers(
                of: part.filter { found[$0.room]?.hasStateChanges ?? false }, after: from, upTo: to, to: &changes)
            for (room, activity) in found {
                var change = changes.rooms[room] ?? []
                if activity.hasEvents { change.insert(.events) }
                if activity.hasStateChanges { change.insert(.state) }
                if activity.hasReceipts { change.insert(.receipts) }
                changes.rooms[room] = change
            }
        }
    }

    private func addUnloggedMembers(
        of rooms: [UserRoom], after from: Cut, upTo to: Cut, to changes: inout SyncChanges
    ) async throws {
        let ranges = rooms.map { ($0.room, from[$0.shard], to[$0.shard]) }
        guard let members = try await deviceLists.memberChanges(in: ranges) else {
            changes.hasLostUsers = true
            return
        }
        for member in members where changes.memberChanges[member] == nil { changes.memberChanges[member] = [] }
    }
}
