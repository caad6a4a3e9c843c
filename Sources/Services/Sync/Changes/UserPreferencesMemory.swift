import CanonicalJSON
import Identifiers
import PushRules
import ReplicationLog
import RoomReading
import Storage
import Synchronization

// Asked for by every answer with a timeline, and changed once in a while. It is read as it is now, not as of the cut: who
// ignores somebody means from now on. What was being read while the tail brought account data is used and not kept.

/// What of a user's account data decides what they are told.
struct UserPreferences: Sendable {
    /// Whom they do not want to hear from.
    let unwanted: UnwantedSenders
    /// Their rooms with one other person.
    let directRooms: Set<RoomID>
    /// What notifies them.
    let pushRules: PushRuleSet

    static let types = UnwantedSenders.types + ["m.direct", PushRuleDocument.accountDataType]

    /// - Parameter accountData: the user's, of ``types``; what is not of its type is taken for absent.
    init(of user: UserID, _ accountData: (String) -> JSONObject?) {
        pushRules = PushRuleSet(PushRuleDocument(accountData(PushRuleDocument.accountDataType), of: user), of: user)
        unwanted = UnwantedSenders(accountData)
        let direct = accountData("m.direct")?.members ?? []
        directRooms = Set(
            direct.flatMap { ($0.value.arrayValue ?? []).compactMap { $0.stringValue.flatMap { RoomID($0) } } })
    }
}

/// Users' preferences, kept until their account data changes.
final class UserPreferencesMemory: Sendable {
    /// The most users kept; beyond, the memory starts anew.
    static let usersMax = 50_000

    private struct State {
        var kept: [UserID: UserPreferences] = [:]
        /// How often the tail brought account data.
        var changes = 0
    }

    private let store: AccountDataStore
    private let state = Mutex(State())

    init(store: AccountDataStore) {
        self.store = store
    }

    /// The tail has moved.
    func apply(_ update: TailUpdate) {
        state.withLock { state in
            if !update.unexplained.isEmpty {
                state.kept = [:]
                state.changes += 1
            }
            for entry in update.entries where entry.kind == .accountData {
                state.changes += 1
                if let user = UserID(entry.key.string) { state.kept[user] = nil }
            }
        }
    }

    func preferences(of user: UserID) async throws -> UserPreferences {
        let (known, before) = state.withLock { ($0.kept[user], $0.changes) }
        if let known { return known }
        let contents = try await store.fetch(UserPreferences.types, of: [user])[user] ?? [:]
        let read = UserPreferences(of: user) { contents[ByteOrderedText($0)] }
        state.withLock { state in
            guard state.changes == before else { return }
            if state.kept.count >= Self.usersMax { state.kept = [:] }
            state.kept[user] = read
        }
        return read
    }
}
