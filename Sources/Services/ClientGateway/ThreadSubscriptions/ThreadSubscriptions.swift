import Identifiers
import MatrixHTTP
import RoomReading
import Storage
import WorkerContracts

/// Which threads the caller hears of (MSC4306).
struct ThreadSubscriptions: Sendable {
    let visible: VisibleEvents
    let store: ThreadSubscriptionStore
    let sender: CommandSender

    /// The thread that `roomId` and `threadRootId` in the path name.
    ///
    /// - Throws: `M_NOT_FOUND` for an event the caller may not see, `M_INVALID_PARAM` for a bad ID.
    func demand(_ request: UserRequest) async throws -> (view: RoomView, root: StoredEvent) {
        let room = try request.path("roomId", as: RoomID.self)
        let root = try request.path("threadRootId", as: EventID.self)
        let (view, event) = try await visible.demand(root, in: room, for: request.caller)
        return (view, event)
    }

    func set(
        _ state: ThreadSubscription.State, of root: StoredEvent, in view: RoomView,
        at position: ShardSequence
    ) async throws {
        let command = WriterCommand.SetThreadSubscription(
            user: view.user, room: view.room, root: root.event.id, state: state, roomPosition: position)
        try await sender.execute(.setThreadSubscription(command), id: .random(), for: view.user)
    }

    /// - Throws: 400 for an event that is not in the thread, 409 for one before the user unsubscribed.
    func subscribe(for cause: EventID, to root: StoredEvent, in view: RoomView) async throws {
        let event = try await visible.events.event(cause, of: view.room, rules: view.rules)
        guard let event, view.isVisible(event), let relation = event.event.relation, relation.isType("m.thread"),
            relation.parent == root.event.id
        else {
            throw Self.refusal(400, "M_NOT_IN_THREAD", "The event is not in the thread.")
        }
        let known = try await store.fetch(root.event.id, in: view.room, of: view.user)
        if let known, known.state == .unsubscribed, known.roomPosition >= event.position {
            throw Self.refusal(409, "M_CONFLICTING_UNSUBSCRIPTION", "The user unsubscribed after this event.")
        }
        try await set(.automatic, of: root, in: view, at: event.position)
    }

    private static func refusal(_ status: Int, _ errcode: String, _ message: String) -> MatrixError {
        MatrixError(status: status, errcode: "IO.ELEMENT.MSC4306.\(errcode)", message: message)
    }
}
