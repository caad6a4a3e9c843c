import Events
import HTTPServer
import Identifiers
import NIOCore
import RoomReading

// A list of a large room's state is some ten megabytes. What many ask for alike is encoded once and shared; of what a
// filter makes special, a few large ones are made at a time, and the others wait without taking the places of those who
// read a page of messages.

/// Lists rooms' state for answers, in pieces in which each event is led by a comma.
struct StateLists: Sendable {
    /// A filtered state out of this many events is large.
    static let largeMin = 2_000
    /// Large ones made at once.
    static let largeInFlightMax = 4
    /// Requests that wait to make a large one; fewer than the class of reads has places.
    static let largeWaitingMax = 28

    let listing: StateListing
    let shared: SharedStateJSON
    private let large = Admission(.read, inFlightMax: largeInFlightMax, waitingMax: largeWaitingMax)

    init(listing: StateListing, shared: SharedStateJSON) {
        self.listing = listing
        self.shared = shared
    }

    /// The events of the view's room in force at `position`.
    func pieces(
        at position: ShardSequence, in view: RoomView, _ selection: StateSelection
    ) async throws -> [ByteBuffer] {
        let root = try await listing.root(of: view.room, at: position)
        return try await shared.pieces(at: root, of: view.room, rules: view.rules, selection)
    }

    /// The events of the state `root` that pass a filter.
    ///
    /// - Throws: a 429 with `Retry-After` when too many large ones are asked for.
    func pieces(
        at root: StateRootID, in view: RoomView, where key: (StateMapKey) -> Bool, event: (Event) -> Bool
    ) async throws -> [ByteBuffer] {
        let tree = try await listing.tree(root, of: view.room)
        guard tree.count >= Self.largeMin else {
            return try await listing.pieces(of: tree, in: view, where: key, event: event)
        }
        return try await large.withPlace {
            try await listing.pieces(of: tree, in: view, where: key, event: event)
        }
    }
}
