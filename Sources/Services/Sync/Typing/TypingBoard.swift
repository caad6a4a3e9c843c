import Collections
import Identifiers
import RoomReading
import Synchronization
import WorkerContracts

// Typing is in no database: each room's writer tells who types by its feed. A sync worker keeps the latest of each room,
// numbered by its own counter, which clients' tokens carry. Rooms in which nobody types any more stay for a while, so that
// those who were told are told of the end too.

/// Who types where, as the writers' feeds say.
package final class TypingBoard: Sendable {
    /// The most rooms kept; beyond, those that changed longest ago are forgotten.
    package static let roomsMax = 10_000

    private struct Entry {
        var users: [UserID]
        var writer: String
        var boot: String
        var counter: Int64
        var version: UInt64
    }

    private struct State {
        /// In the order of their versions.
        var rooms: OrderedDictionary<RoomID, Entry> = [:]
        var version: UInt64 = 1
        /// Changes up to this version may be forgotten.
        var forgottenUpTo: UInt64 = 0
    }

    private let boot: UInt32
    private let roomsMax: Int
    private let state = Mutex(State())

    /// - Parameter boot: names this run of the worker; not zero.
    package init(boot: UInt32 = UInt32.random(in: 1 ... .max), roomsMax: Int = TypingBoard.roomsMax) {
        self.boot = boot
        self.roomsMax = roomsMax
    }

    /// Takes what a feed said.
    ///
    /// - Returns: the rooms whose typing changed.
    package func apply(_ event: FeedEvent) -> [RoomID] {
        switch event {
        case .message(.typing(let typing), let writer): set(typing, by: writer) ? [typing.room] : []
        // On connecting, a writer tells of all rooms in which someone types; what it said before may be stale.
        case .connected(let writer), .disconnected(let writer): clear(writer)
        case .message: []
        }
    }

    private func set(_ typing: RoomTyping, by writer: String) -> Bool {
        state.withLock { state in
            if let known = state.rooms[typing.room], known.boot.utf8.elementsEqual(typing.boot.utf8),
                known.counter >= typing.counter
            {
                return false
            }
            let isChanged = (state.rooms[typing.room]?.users ?? []) != typing.users
            put(typing.users, typing.room, writer, typing.boot, typing.counter, &state)
            return isChanged
        }
    }

    private func clear(_ writer: String) -> [RoomID] {
        state.withLock { state in
            let stale = state.rooms.filter {
                $0.value.writer.utf8.elementsEqual(writer.utf8) && !$0.value.users.isEmpty
            }
            for room in stale.keys { put([], room, writer, "", 0, &state) }
            return Array(stale.keys)
        }
    }

    private func put(
        _ users: [UserID], _ room: RoomID, _ writer: String, _ boot: String, _ counter: Int64, _ state: inout State
    ) {
        state.version += 1
        state.rooms.removeValue(forKey: room)
        state.rooms[room] = Entry(users: users, writer: writer, boot: boot, counter: counter, version: state.version)
        if state.rooms.count > roomsMax { state.forgottenUpTo = state.rooms.removeFirst().value.version }
    }

    /// What a client that knows typing as of `position` is to be told about the rooms it is in, and what it knows then.
    package func news(
        since position: TypingPosition, isJoined: (RoomID) -> Bool, joined: () -> [RoomID]
    ) -> (rooms: [RoomID: [UserID]], position: TypingPosition) {
        state.withLock { state in
            var news: [RoomID: [UserID]] = [:]
            let isComparable = position.boot == boot && position.counter >= state.forgottenUpTo
            if isComparable {
                for (room, entry) in state.rooms.reversed() {
                    guard entry.version > position.counter else { break }
                    if isJoined(room) { news[room] = entry.users }
                }
            }
            var believed: Set<UInt32> = []
            for (room, entry) in state.rooms where !entry.users.isEmpty && isJoined(room) {
                believed.insert(TypingPosition.hash(room))
                if !isComparable { news[room] = entry.users }
            }
            if !isComparable { addEnded(position, joined, to: &news) }
            return (news, TypingPosition(boot: boot, counter: state.version, rooms: believed))
        }
    }

    /// Who types in `room` now.
    func users(in room: RoomID) -> [UserID] { state.withLock { $0.rooms[room]?.users ?? [] } }

    /// Rooms in which the client believes someone types, though this worker knows of nobody.
    private func addEnded(_ position: TypingPosition, _ joined: () -> [RoomID], to news: inout [RoomID: [UserID]]) {
        guard position.rooms.map({ !$0.isEmpty }) ?? true else { return }
        for room in joined() where news[room] == nil {
            if position.rooms?.contains(TypingPosition.hash(room)) ?? true { news[room] = [] }
        }
    }
}
