import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Storage

/// An event ready for one caller: shared bytes, and the caller's `unsigned`.
public struct ServedEvent: Sendable {
    public let stored: StoredEvent
    private let json: ClientEventJSON
    /// A JSON object; `nil` when there is nothing to say.
    private let unsigned: [UInt8]?
    /// Whether a thread is shown inside of the event.
    public let hasThread: Bool

    init(stored: StoredEvent, json: ClientEventJSON, unsigned: [UInt8]?, hasThread: Bool) {
        self.stored = stored
        self.json = json
        self.unsigned = unsigned
        self.hasThread = hasThread
    }

    /// Writes the event as the next value.
    public func write(to writer: inout JSONWriter) { json.write(to: &writer, unsigned: unsigned) }

    public func bytes() -> [UInt8] { json.bytes(unsigned: unsigned) }
}

/// Who is served: `unsigned` names transactions to the device that made them, and memberships of the user.
public struct Viewer: Sendable {
    public let user: UserID
    public let device: DeviceID
    /// Whom the user ignores, when that is known already.
    public let ignored: [UserID]?

    public init(user: UserID, device: DeviceID, ignored: [UserID]? = nil) {
        self.user = user
        self.device = device
        self.ignored = ignored
    }
}

/// Turns stored events into what clients get (spec v1.19, client-server API, "Room event format").
public struct ServedEvents: Sendable {
    private let store: EventStore
    private let related: RelationBundles
    private let erasure: Erasure

    public init(store: EventStore, bundles: RelationBundles, erasure: Erasure) {
        self.store = store
        related = bundles
        self.erasure = erasure
    }

    /// The events as `viewer` gets them, with what relates to them, in the order given; which of them may be seen is
    /// decided before.
    ///
    /// - Parameters:
    ///   - events: at most `EventStore.eventsMax`, all of the view's room.
    ///   - includesRoom: false inside `/sync`, where the room is the key above.
    public func serve(
        _ events: [StoredEvent], to viewer: Viewer, in view: RoomView, includesRoom: Bool
    ) async throws -> [ServedEvent] {
        async let bundles = related.bundles(
            of: events, to: viewer, in: view, serving: self, includesRoom: includesRoom)
        let prepared = try await prepare(events, in: view, includesRoom: includesRoom)
        let found = try await bundles
        return prepared.map { $0.served(to: viewer, in: view, bundle: found[$0.stored.event.id]) }
    }

    /// What is shown inside of `events`, for those who have prepared them already.
    ///
    /// - Parameter parents: those of `events` that something relates to, when that is known already.
    public func bundles(
        of events: [StoredEvent], to viewer: Viewer, in view: RoomView, parents: Set<EventID>? = nil, includesRoom: Bool
    ) async throws -> [EventID: RelationBundle] {
        try await related.bundles(
            of: events, to: viewer, in: view, parents: parents, serving: self, includesRoom: includesRoom)
    }

    /// Events of the view's room by their IDs.
    func stored(_ ids: [EventID], in view: RoomView) async throws -> [EventID: StoredEvent] {
        var found: [EventID: StoredEvent] = [:]
        for start in stride(from: 0, to: ids.count, by: EventStore.eventsMax) {
            let part = Array(ids[start..<min(start + EventStore.eventsMax, ids.count)])
            found.merge(try await store.events(part, of: view.room, rules: view.rules)) { first, _ in first }
        }
        return found
    }

    /// The events with what those gets of them who have the view's history, in the order given.
    func prepare(_ events: [StoredEvent], in view: RoomView, includesRoom: Bool) async throws -> [PreparedEvent] {
        let shown = try await erasure.applied(to: events, view.rule, rules: view.rules)
        return try await prepare(
            shown, of: view.room, rules: view.rules, includesRoom: includesRoom, replacedFor: view.rule)
    }

    /// The events with what every viewer gets of them, in the order given.
    ///
    /// - Parameters:
    ///   - events: at most `EventStore.eventsMax`, all of `room`.
    ///   - isState: they are shown as state, without what they replaced.
    ///   - rule: whose reader is shown what they replaced; `nil`: they were in the room then.
    public func prepare(
        _ events: [StoredEvent], of room: RoomID, rules: RoomVersionRules, includesRoom: Bool, isState: Bool = false,
        replacedFor rule: VisibilityRule? = nil
    ) async throws -> [PreparedEvent] {
        let state = isState ? [] : events.filter(\.event.isState).map(\.position)
        async let redactions = store.events(events.compactMap(\.redactedBy), of: room, rules: rules)
        var replacedEvents = try await store.replaced(at: state, in: room, rules: rules)
        if let rule, !replacedEvents.isEmpty {
            let positions = Array(replacedEvents.keys)
            let shown = try await erasure.applied(
                to: positions.compactMap { replacedEvents[$0] }, rule, rules: rules)
            replacedEvents = Dictionary(zip(positions, shown)) { first, _ in first }
        }
        let redactionEvents = try await redactions
        return try events.map { stored in
            try PreparedEvent(
                stored: stored, replaced: replacedEvents[stored.position],
                redaction: stored.redactedBy.flatMap { redactionEvents[$0] }, rules: rules, includesRoom: includesRoom)
        }
    }
}
