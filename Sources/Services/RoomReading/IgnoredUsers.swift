import Identifiers
import Storage

/// Whom a user ignores: the keys of `ignored_users` in their `m.ignored_user_list` (spec v1.19, "Ignoring Users").
public struct IgnoredUsers: Sendable {
    /// The most users that are ignored; more are not.
    public static let usersMax = 1_000

    private let store: AccountDataStore

    public init(store: AccountDataStore) {
        self.store = store
    }

    /// The users that `user` ignores, as committed; never the user.
    public func ignored(by user: UserID) async throws -> [UserID] {
        let content = try await store.fetch("m.ignored_user_list", of: user, in: nil)
        let keys = content?["ignored_users"]?.objectValue?.keys ?? []
        return keys.prefix(Self.usersMax).compactMap { UserID($0) }.filter { $0 != user }
    }
}
