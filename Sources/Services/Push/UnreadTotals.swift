import Identifiers
import PushRules
import RoomReading
import Storage

/// Counts what people have not read, by the rules they have now.
struct UnreadTotals: Sendable {
    /// The most rooms of somebody that are counted, those they came into last.
    static let roomsMax = 1_000
    /// Rooms counted in one statement.
    static let roomsPerStatementMax = 100

    let accountData: AccountDataStore
    let memberships: UserMembershipStore
    let counter: UnreadCounter

    /// How much of all rooms.
    func all(of user: UserID) async throws -> Int64 {
        try await counts(of: user, in: nil).values.reduce(0, +)
    }

    /// How much of each room.
    ///
    /// - Parameter wanted: `nil`: of all.
    func counts(of user: UserID, in wanted: Set<RoomID>?) async throws -> [RoomID: Int64] {
        let types = UnwantedSenders.types + [PushRuleDocument.accountDataType]
        let contents = try await accountData.fetch(types, of: [user])[user] ?? [:]
        let document = PushRuleDocument(contents[ByteOrderedText(PushRuleDocument.accountDataType)], of: user)
        let ignored = UnwantedSenders { contents[ByteOrderedText($0)] }.counted(for: user)
        let rooms = try await memberships.current(of: user, limit: Self.roomsMax)
            .filter { room, _ in wanted?.contains(room) ?? true }
        var unread: [RoomID: Int64] = [:]
        for start in stride(from: 0, to: rooms.count, by: Self.roomsPerStatementMax) {
            let part = rooms.dropFirst(start).prefix(Self.roomsPerStatementMax).map { room, position in
                UnreadRequest(room: room, joinedAt: position, upTo: ShardSequence(.max))
            }
            let counts = try await counter.counts(
                in: Array(part), for: user, rules: PushRuleSet(document, of: user), ignoring: ignored,
                listsThreads: false)
            for (room, count) in counts { unread[room] = count.total.notifications }
        }
        return unread
    }
}
