import Identifiers
import Logging
import ReplicationLog
import Storage
import Synchronization

// The log says that a user's devices have changed, and not to whom it matters. As with presence that is found from the
// user's side: their rooms, and in each those who wait here.

/// Wakes those who wait in the rooms of users whose devices or keys have changed.
final class DeviceListPlacer: Sendable {
    /// Users that wait to be looked up; beyond, everybody is woken.
    static let usersMax = 1_000
    /// How long it is waited when the database is away.
    static let pause = Duration.seconds(1)

    private struct State {
        var users: Set<UserID> = []
        var cut: Cut?
    }

    private let polls: ParkedPolls
    private let memory: UserRoomsMemory
    private let logger: Logger
    private let state = Mutex(State())
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(polls: ParkedPolls, users: UserRoomsMemory, logger: Logger) {
        self.polls = polls
        memory = users
        self.logger = logger
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The tail has moved, and everybody can see it.
    func apply(_ update: TailUpdate) {
        // What the log does not explain has woken everybody.
        let changed = update.entries.compactMap { $0.kind == .deviceList ? UserID($0.key.string) : nil }
        guard !changed.isEmpty else { return }
        let isTooMany = state.withLock { state in
            state.users.formUnion(changed)
            state.cut = update.cut
            guard state.users.count > Self.usersMax else { return false }
            state.users = []
            return true
        }
        if isTooMany { polls.wakeAll() } else { signal.yield() }
    }

    /// Looks up and wakes until cancelled.
    func run() async {
        for await _ in signals {
            do {
                try await place()
            } catch {
                logger.debug("device lists not placed", metadata: ["error": "\(error)"])
                // Cancellation ends the wait and with it the loop.
                try? await Task.sleep(for: Self.pause)
                signal.yield()
            }
        }
    }

    private func place() async throws {
        while let (user, cut) = next() {
            do {
                let rooms = try await memory.rooms(of: user, at: cut)
                polls.applyDeviceLists(in: rooms.joined.map(\.room))
            } catch is StoreError {
                // Nobody's neighbour: there is no such account.
            } catch {
                state.withLock { _ = $0.users.insert(user) }
                throw error
            }
        }
    }

    private func next() -> (UserID, Cut)? {
        state.withLock { state in
            guard let cut = state.cut, let user = state.users.popFirst() else { return nil }
            return (user, cut)
        }
    }
}
