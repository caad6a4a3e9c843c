import CanonicalJSON
import Identifiers
import Logging
import MatrixHTTP
import Storage
import WorkerContracts

// A name or picture shows in each room by a member event of its own: a user in thousands of rooms causes thousands of
// events. The first page is written while the client waits; the rest is work that is written down, page by page, so that
// it goes on when this worker does not, and one user's never takes more than a few places of the room-writers'.

/// Brings changes of profiles into the rooms their users are in.
final class ProfileSpreader: Sendable {
    /// Rooms written to before it is written down how far the change has come.
    static let pageMax = 50
    /// Rooms written to at once.
    static let concurrencyMax = 8
    /// How often it is looked whether another worker left something.
    static let pause = Duration.seconds(5)

    private let store: ProfileSpreadStore
    private let profiles: ProfileStore
    private let access: RoomAccess
    private let sender: CommandSender
    private let logger: Logger
    private let hints: AsyncStream<Void>
    private let hint: AsyncStream<Void>.Continuation

    init(
        store: ProfileSpreadStore, profiles: ProfileStore, access: RoomAccess, sender: CommandSender, logger: Logger
    ) {
        self.store = store
        self.profiles = profiles
        self.access = access
        self.sender = sender
        self.logger = logger
        (hints, hint) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Shows the profile of `user` as it is now: in the first rooms at once, in the others soon.
    func spread(_ user: UserID) async throws {
        let begun = try await store.begin(user)
        do {
            if try await advance(begun, keeping: false) != nil { hint.yield() }
        } catch let error as MatrixError {
            // The profile itself is stored; the rooms follow when their writers can be reached.
            logger.notice("a profile change waits", metadata: ["error": "\(error)"])
        }
    }

    /// Goes on with what waits, until cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [hint] in
                while !Task.isCancelled {
                    hint.yield()
                    // It ends by cancellation, which the condition above sees.
                    try? await Task.sleep(for: Self.pause)
                }
                hint.finish()
            }
            for await _ in hints { await workOff() }
        }
    }

    /// Takes up what waits until nothing does.
    private func workOff() async {
        do {
            while !Task.isCancelled, var spread = try await store.claim() {
                while let next = try await advance(spread, keeping: true) { spread = next }
            }
        } catch {
            // What was taken up is free again after a while.
            logger.notice("profile changes wait", metadata: ["error": "\(error)"])
        }
    }

    /// Does a page of a change's rooms.
    ///
    /// - Returns: the change as it goes on; `nil` when it is done, or a newer one began.
    private func advance(_ spread: ProfileSpread, keeping: Bool) async throws -> ProfileSpread? {
        let rooms = try await access.facts.joinedRooms(of: spread.user, after: spread.afterRoom, limit: Self.pageMax)
        try await show(spread.user, in: rooms)
        guard rooms.count == Self.pageMax, let last = rooms.last else {
            try await store.finish(spread)
            return nil
        }
        var next = spread
        next.afterRoom = last.rawValue
        return try await store.advance(next, keeping: keeping) ? next : nil
    }

    /// Writes the user's member event anew in each of `rooms`.
    ///
    /// - Throws: when a room-writer cannot be reached; a room that refuses is passed over.
    private func show(_ user: UserID, in rooms: [RoomID]) async throws {
        var content = try await profiles.memberFields(of: [user])[user] ?? JSONObject()
        content["membership"] = .string(Membership.join.rawValue)
        let draft = EventDraft(
            type: "m.room.member", stateKey: user.rawValue, sender: user, content: content, unlessUnchanged: true,
            needsMembership: true)
        var rest = rooms.makeIterator()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.concurrencyMax {
                guard let room = rest.next() else { break }
                group.addTask { try await self.show(draft, in: room) }
            }
            while try await group.next() != nil {
                guard let room = rest.next() else { continue }
                group.addTask { try await self.show(draft, in: room) }
            }
        }
    }

    private func show(_ draft: EventDraft, in room: RoomID) async throws {
        do {
            _ = try await sender.append([draft], to: room, id: .random())
        } catch let error as MatrixError where error.status == 403 || error.status == 404 {
            logger.notice("a room did not take a profile change", metadata: ["room": "\(room)"])
        }
    }
}
