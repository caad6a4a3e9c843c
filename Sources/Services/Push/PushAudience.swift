import CanonicalJSON
import Identifiers
import PushRules
import ReplicationLog
import RoomReading
import Storage

/// Somebody with pushers: what notifies them, and whom they ignore.
struct PushReader: Sendable {
    let rules: PushRuleSet
    let ignored: Set<UserID>
}

/// The users of one part who have pushers, and the rooms they are in, as far as the log has been gone through.
struct PushAudience {
    /// An event, and those it may be news for.
    struct Candidate: Sendable {
        let room: RoomID
        let position: ShardSequence
        let users: Set<UserID>
    }

    private let part: Int16
    private let work: PushWorkStore
    private let memberships: UserMembershipStore
    private let accountData: AccountDataStore
    /// How far pushers have been read.
    private var stamp: Int64 = -1
    private var pushers: [UserID: [Int64: WorkingPusher]] = [:]
    private var rooms: [UserID: [RoomID: UserRoom]] = [:]
    /// Who is in each room.
    private var members: [ByteOrderedText: Set<UserID>] = [:]
    private var readers: [UserID: PushReader] = [:]

    init(
        part: Int16, work: PushWorkStore, memberships: UserMembershipStore, accountData: AccountDataStore
    ) {
        self.part = part
        self.work = work
        self.memberships = memberships
        self.accountData = accountData
    }

    /// The pushers of a user.
    func pushers(of user: UserID) -> [Int64] { Array((pushers[user] ?? [:]).keys) }

    /// Those of a user's pushers that show how much is unread.
    func badged(of user: UserID) -> [Int64] {
        (pushers[user] ?? [:]).values.filter { $0.pusher.kind == .http }.map(\.id)
    }

    // MARK: Keeping up

    /// Brings pushers, rooms and rules up to a cut.
    ///
    /// - Parameter log: what has happened up to it.
    mutating func refresh(at cut: Cut, after log: LogChanges) async throws {
        var stale: Set<UserID> = []
        for entry in log.entries {
            guard let user = UserID(entry.key.string), pushers[user] != nil else { continue }
            switch entry.kind {
            case .membership: stale.insert(user)
            case .accountData: readers[user] = nil
            default: break
            }
        }
        if !log.missing.isEmpty {
            stale = Set(pushers.keys)
            readers = [:]
        }
        while true {
            let page = try await work.pushers(in: part, after: stamp)
            for pusher in page {
                if pushers[pusher.pusher.user] == nil { stale.insert(pusher.pusher.user) }
                pushers[pusher.pusher.user, default: [:]][pusher.id] = pusher
                stamp = pusher.stamp
            }
            guard page.count == PushWorkStore.pushersMax else { break }
        }
        for user in stale { try await loadRooms(of: user, at: cut) }
    }

    private mutating func loadRooms(of user: UserID, at cut: Cut) async throws {
        for room in (rooms[user] ?? [:]).values where room.membership == .join {
            members[room.room.text]?.remove(user)
            if members[room.room.text]?.isEmpty ?? false { members[room.room.text] = nil }
        }
        let found = try await memberships.memberships(of: user, upTo: cut.positions)
        rooms[user] = Dictionary(found.map { ($0.room, $0) }, uniquingKeysWith: { $1 })
        for room in found where room.membership == .join { members[room.room.text, default: []].insert(user) }
    }

    // MARK: Asking

    /// The events of `entries` that may be news for somebody here, in order.
    func events(in entries: [LogEntry]) -> [Candidate] {
        var candidates: [Candidate] = []
        var last: LogEntry?
        for entry in entries {
            switch entry.kind {
            case .event:
                last = entry
                guard let users = members[entry.key], let room = RoomID(entry.key.string) else { continue }
                candidates.append(Candidate(room: room, position: entry.sequence, users: users))
            case .membership:
                // An invite: the entry follows that of its event.
                guard let event = last, let user = UserID(entry.key.string), let room = RoomID(event.key.string),
                    let own = rooms[user]?[room], own.membership == .invite, own.position == event.sequence
                else { continue }
                candidates.append(Candidate(room: room, position: event.sequence, users: [user]))
            default: break
            }
        }
        return candidates
    }

    /// The rooms in which somebody here may have read something, and where.
    func receipts(in entries: [LogEntry]) -> [ByteOrderedText: [ShardSequence]] {
        entries.reduce(into: [:]) { receipts, entry in
            guard entry.kind == .receipt, members[entry.key] != nil else { return }
            receipts[entry.key, default: []].append(entry.sequence)
        }
    }

    /// Since when a user is in a room; `nil` when they are not.
    func membership(of user: UserID, in room: RoomID) -> UserRoom? { rooms[user]?[room] }

    /// What notifies each of `users`.
    mutating func readers(_ users: Set<UserID>) async throws -> [UserID: PushReader] {
        let missing = users.filter { readers[$0] == nil }
        let types = UnwantedSenders.types + [PushRuleDocument.accountDataType]
        for start in stride(from: 0, to: missing.count, by: AccountDataStore.usersMax) {
            let part = Array(missing.dropFirst(start).prefix(AccountDataStore.usersMax))
            let contents = try await accountData.fetch(types, of: part)
            for user in part {
                let own = contents[user] ?? [:]
                let document = PushRuleDocument(own[ByteOrderedText(PushRuleDocument.accountDataType)], of: user)
                readers[user] = PushReader(
                    rules: PushRuleSet(document, of: user),
                    ignored: UnwantedSenders { own[ByteOrderedText($0)] }.ignored)
            }
        }
        return users.reduce(into: [:]) { $0[$1] = readers[$1] }
    }
}
