import CanonicalJSON
import Identifiers
import MatrixHTTP
import RoomReading
import Storage
import WorkerContracts

/// Sets receipts and the fully-read marker (spec v1.19, "Receipts", "Read and unread markers").
struct ReceiptSetter: Sendable {
    enum Kind: String, CaseIterable {
        case read = "m.read"
        case privateRead = "m.read.private"
        case fullyRead = "m.fully_read"
    }

    let rooms: RoomPlacements
    let access: RoomAccess
    let visible: VisibleEvents
    let sender: CommandSender
    let clock: WallClock
    let relations: RelationStore

    /// Sets one of them to `event`; `thread` is only for receipts.
    ///
    /// - Throws: `M_FORBIDDEN` unless the caller is in the room, `M_NOT_FOUND` for an event the caller may not see,
    ///   `M_INVALID_PARAM` for one that is not in the thread.
    func set(_ kind: Kind, to event: EventID, thread: String?, in room: RoomID, of user: UserID) async throws {
        let (_, marked) = try await visible.demand(event, in: room, for: user)
        if let thread { try await check(thread, of: marked) }
        switch kind {
        case .read, .privateRead:
            let receipt = WriterCommand.SetReceipt(
                room: room, user: user, type: kind.rawValue, event: event, thread: thread, readAt: clock.now())
            try await sender.execute(.setReceipt(receipt), id: .random(), in: try await rooms.locate(room).shard)
        case .fullyRead:
            let marker = WriterCommand.SetAccountData(
                user: user, room: room, type: kind.rawValue, content: ["event_id": .string(event.rawValue)])
            try await sender.execute(.setAccountData(marker), id: .random(), for: user)
        }
    }

    /// A thread's first event is in the main timeline, and yet where a thread begins to be read.
    private func check(_ thread: String, of event: StoredEvent) async throws {
        let actual = try await relations.thread(of: event.event.id)
        let isIn =
            thread.utf8.elementsEqual("main".utf8)
            ? actual == nil : (actual ?? event.event.id).text == ByteOrderedText(thread)
        guard isIn else { throw MatrixError.invalidParam("The event is not in thread '\(thread)'.") }
    }
}
