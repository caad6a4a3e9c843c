import CanonicalJSON
import Events
import Identifiers
import NIOCore
import RoomRules
import Storage

/// Writes out some events of a room's state for one reader, in pieces, so that a large one is in memory once.
///
/// Whole states, and others that many ask for alike, are ``SharedStateJSON``'s.
public struct StateListing: Sendable {
    /// The most events read at once.
    package static let batchMax = 500

    private let roots: StateRoots
    private let store: StateRootStore
    private let events: EventStore
    private let erasure: Erasure

    public init(roots: StateRoots, store: StateRootStore, events: EventStore, erasure: Erasure) {
        self.roots = roots
        self.store = store
        self.events = events
        self.erasure = erasure
    }

    /// The root of `room`'s state as it was in force at `position`.
    ///
    /// - Throws: `StoreError.malformedRow` for a room that had no state then, which no reader gets to see.
    public func root(of room: RoomID, at position: ShardSequence) async throws -> StateRootID {
        guard let root = try await store.currentRoot(of: room, at: position) else {
            throw StoreError.malformedRow("state_change.root_id")
        }
        return root
    }

    /// The root of `room`'s state after `event`.
    public func root(of room: RoomID, after event: StoredEvent) async throws -> StateRootID {
        if let root = event.stateAfter { return root }
        return try await root(of: room, at: event.position)
    }

    /// The state that `root` names.
    public func tree(_ root: StateRootID, of room: RoomID) async throws -> StateTree {
        try await roots.tree(root, of: room)
    }

    /// The events of `tree` as clients get them: pieces in which each event is led by a comma.
    ///
    /// - Parameters:
    ///   - key: which keys are wanted.
    ///   - event: which of their events.
    public func pieces(
        of tree: StateTree, in view: RoomView, where key: (StateMapKey) -> Bool = { _ in true },
        event: (Event) -> Bool = { _ in true }
    ) async throws -> [ByteBuffer] {
        var wanted: [EventID] = []
        tree.forEach { if key($0) { wanted.append($1) } }
        var pieces: [ByteBuffer] = []
        for start in stride(from: 0, to: wanted.count, by: Self.batchMax) {
            let ids = Array(wanted[start..<min(start + Self.batchMax, wanted.count)])
            let found = try await events.events(ids, of: view.room, rules: view.rules)
            let served = ids.compactMap { found[$0] }.filter { event($0.event) }
            pieces.append(try await write(served, in: view))
        }
        return pieces
    }

    private func write(_ events: [StoredEvent], in view: RoomView) async throws -> ByteBuffer {
        let redactions = try await self.events.events(
            events.compactMap(\.redactedBy), of: view.room, rules: view.rules)
        var writer = JSONWriter(reservingBytes: events.count * 512)
        // Each event as the next value after one that is not there: led by a comma.
        _ = writer.handOver()
        for stored in try await erasure.appliedToState(events, view.rule, rules: view.rules) {
            try PreparedEvent(
                stored: stored, replaced: nil, redaction: stored.redactedBy.flatMap { redactions[$0] },
                rules: view.rules, includesRoom: true
            ).writeAsState(to: &writer)
        }
        return ByteBuffer(bytes: writer.bytes)
    }
}
