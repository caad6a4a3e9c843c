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

    /// - Precondition: `to` is not ahead of the tail.
    func changes(for user: UserRooms, after from: Cut, upTo to: Cut) async throws -> SyncChanges {
        guard from != to else { return SyncChanges() }
        let log = try await tail.changes(after: from, upTo: to)
        var changes = SyncChanges()
        for entry in log.entries { Self.add(entry, for: user, to: &changes) }
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
        // A room that is forgotten vanishes without a word.
        case .membership, .accountData, .toDevice, .forgotten: break
        }
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
        }
        let rooms = user.joined.filter { shards.contains($0.shard) }
        for start in stride(from: 0, to: rooms.count, by: Self.roomsPerStatementMax) {
            let part = rooms[start..<min(start + Self.roomsPerStatementMax, rooms.count)]
            let found = try await activity.activity(in: part.map { ($0.room, from[$0.shard], to[$0.shard]) })
            for (room, activity) in found {
                var change = changes.rooms[room] ?? []
                if activity.hasEvents { change.insert(.events) }
                if activity.hasStateChanges { change.insert(.state) }
                if activity.hasReceipts { change.insert(.receipts) }
                changes.rooms[room] = change
            }
        }
    }
}
