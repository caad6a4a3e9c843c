import Events
import Identifiers
import Postgres
import ReplicationLog
import Storage

/// The rows of one group commit, or of one command's part of it, numbered from a position on.
///
/// The tables that are written by upsert get one row a key, the last: a statement must not meet a row twice.
struct CommitRows: Sendable {
    let shard: ShardID
    /// The position before the first entry.
    let base: ShardSequence
    private(set) var entries: [(kind: LogKind, key: String)] = []

    var rooms: [RoomRow] = []
    var events: [EventRow] = []
    var redactions: [RedactionRow] = []
    var awaitedRedactions: [AwaitedRedactionRow] = []
    /// Redactions whose target has arrived.
    var arrivedRedactions: [AwaitedRedactionRow] = []
    var relations: [EventRelationRow] = []
    var countable: [CountableEventRow] = []
    var highlights: [EventHighlightRow] = []
    var searchable: [EventSearchRow] = []
    var sticky: [StickyEventRow] = []
    var roots: [StateRootRow] = []
    private(set) var addedExtremities: Set<ForwardExtremityRow> = []
    private(set) var removedExtremities: Set<ForwardExtremityRow> = []
    var stateChanges: [StateChangeRow] = []
    var memberships: [MembershipRow] = []
    var history: [MembershipHistoryRow] = []
    var receipts: [ReceiptRow] = []
    var forgotten: [ForgottenRoomRow] = []
    var accountData: [AccountDataRow] = []
    var threadSubscriptions: [ThreadSubscriptionRow] = []
    var toDevice: [ToDeviceRow] = []
    var toDeviceDeletions: [ToDeviceDeletion] = []
    var toDeviceTrims: [ToDeviceTrim] = []
    var keys = KeyRows()

    init(shard: ShardID, base: ShardSequence) {
        self.shard = shard
        self.base = base
    }

    /// The position of the last entry.
    var end: ShardSequence { base.advanced(by: entries.count) }
    /// Whether there is nothing to write.
    var isEmpty: Bool { entries.isEmpty && toDeviceDeletions.isEmpty }

    /// Adds a log entry and returns its position.
    mutating func enter(_ kind: LogKind, _ key: some Identifier) -> ShardSequence {
        entries.append((kind, key.rawValue))
        return end
    }

    mutating func addExtremity(_ event: EventID, of room: RoomID) {
        addedExtremities.insert(ForwardExtremityRow(room: room, event: event))
    }

    mutating func removeExtremity(_ event: EventID, of room: RoomID) {
        let row = ForwardExtremityRow(room: room, event: event)
        if addedExtremities.remove(row) == nil { removedExtremities.insert(row) }
    }

    /// Adds the rows of another command.
    ///
    /// - Precondition: `other` was numbered from this one's end on.
    mutating func append(_ other: CommitRows) {
        precondition(other.base == end, "a command's rows were numbered from elsewhere")
        entries += other.entries
        rooms += other.rooms
        events += other.events
        redactions += other.redactions
        awaitedRedactions += other.awaitedRedactions
        arrivedRedactions += other.arrivedRedactions
        relations += other.relations
        countable += other.countable
        highlights += other.highlights
        searchable += other.searchable
        sticky += other.sticky
        roots += other.roots
        for row in other.removedExtremities where addedExtremities.remove(row) == nil { removedExtremities.insert(row) }
        addedExtremities.formUnion(other.addedExtremities)
        stateChanges += other.stateChanges
        memberships += other.memberships
        history += other.history
        receipts += other.receipts
        forgotten += other.forgotten
        accountData += other.accountData
        threadSubscriptions += other.threadSubscriptions
        toDevice += other.toDevice
        toDeviceDeletions += other.toDeviceDeletions
        toDeviceTrims += other.toDeviceTrims
        keys += other.keys
    }
}
