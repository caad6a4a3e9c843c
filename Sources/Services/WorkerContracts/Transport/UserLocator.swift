import Identifiers
import Storage
import Synchronization

/// Where local users' ordered streams are: an account's shard never changes, so an answer is kept for ever.
public final class UserLocator: Sendable {
    /// The most users remembered; beyond, the memory starts anew.
    public static let rememberedMax = 100_000

    private let accounts: AccountStore
    private let remembered = Mutex<[UserID: ShardID]>([:])

    public init(accounts: AccountStore) {
        self.accounts = accounts
    }

    /// The shard of `user`; `nil` when there is no such account.
    public func shard(of user: UserID) async throws -> ShardID? {
        try await shards(of: [user])[user]
    }

    /// The shards of those of `users` that have an account here.
    public func shards(of users: [UserID]) async throws -> [UserID: ShardID] {
        var found: [UserID: ShardID] = [:]
        remembered.withLock { known in for user in users { found[user] = known[user] } }
        let missing = users.filter { found[$0] == nil }
        guard !missing.isEmpty else { return found }
        for start in stride(from: 0, to: missing.count, by: AccountStore.shardsMax) {
            let part = Array(missing[start..<min(start + AccountStore.shardsMax, missing.count)])
            for (user, shard) in try await accounts.shards(of: part) { found[user] = shard }
        }
        let fresh = found
        remembered.withLock { known in
            if known.count + missing.count > Self.rememberedMax { known.removeAll() }
            for user in missing { known[user] = fresh[user] }
        }
        return found
    }
}
