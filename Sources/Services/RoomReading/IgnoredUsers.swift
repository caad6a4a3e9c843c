import CanonicalJSON
import Identifiers
import Storage

/// Whom a user ignores: the keys of `ignored_users` in their `m.ignored_user_list` (spec v1.19, "Ignoring Users").
public struct IgnoredUsers: Sendable {
    /// The account data that says so.
    public static let accountDataType = "m.ignored_user_list"
    /// The most users that are ignored where others' events are counted or listed; more are not.
    public static let usersMax = 1_000

    private let store: AccountDataStore

    public init(store: AccountDataStore) {
        self.store = store
    }

    /// The users that `user` ignores, as committed; never the user.
    public func ignored(by user: UserID) async throws -> [UserID] {
        let content = try await store.fetch(Self.accountDataType, of: user, in: nil)
        return Self.counted(Self.listed(in: content), for: user)
    }

    /// Everybody whom a list names; what is no user's ID is passed over.
    static func listed(in content: JSONObject?) -> Set<UserID> {
        Set(content?["ignored_users"]?.objectValue?.keys.compactMap { UserID($0) } ?? [])
    }

    /// The first ``usersMax`` of `ignored`, in byte order, without `user`: nobody ignores themselves.
    static func counted(_ ignored: Set<UserID>, for user: UserID) -> [UserID] {
        Array(ignored.subtracting([user]).sorted().prefix(usersMax))
    }
}
