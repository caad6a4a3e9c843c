import Identifiers
import Storage

/// A room the user is in, and what there may be to say about it.
struct JoinedRoom: Sendable {
    let room: UserRoom
    /// Where the client's knowledge of the room ends; `nil`: it has none.
    var since: ShardSequence?
    let upTo: ShardSequence
    /// Whether the client wants all of the state though it has some.
    var isFullState = false
    var changes: SyncChanges.InRoom = []
    var accountData: [AccountDataItem] = []
    var receipts: [Receipt] = []
    /// Who types; `nil`: nothing new.
    var typing: [UserID]?
    /// The newest events, newest first, when they have been read already.
    var firstPage: [StoredEvent]?
    /// Those of ``firstPage`` that something relates to.
    var related: Set<EventID> = []
    /// The events that stick, when they have been read already.
    var sticky: [StoredEvent]?
    /// What the user has not read at ``upTo``.
    var unread = RoomUnread()

    /// Whether a receipt of the user's own has come, so that their counts may have changed.
    func hasReceipt(of user: UserID) -> Bool { receipts.contains { $0.user == user } }
}
