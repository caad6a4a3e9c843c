import Identifiers
import ReplicationLog
import RoomReading
import Storage

/// Finds what a client is to be told of keys.
struct EncryptionFinder: Sendable {
    let lists: DeviceListFinder
    let stocks: KeyStockMemory

    /// For a client that begins: it looks up everybody's devices anyway.
    func beginning(for viewer: Viewer) async throws -> EncryptionNews {
        EncryptionNews(stock: try await stocks.stock(of: viewer))
    }

    /// What is new between two cuts.
    func news(
        for user: UserRooms, _ viewer: Viewer, _ changes: SyncChanges,
        _ transitions: [RoomID: MembershipTransition], after from: Cut, at cut: Cut
    ) async throws -> EncryptionNews {
        async let lists = lists.lists(for: user, changes, transitions, after: from, at: cut)
        let stock = try await stocks.stock(of: viewer)
        return EncryptionNews(
            lists: try await lists, stock: stock,
            hasStockChanged: changes.hasOneTimeKeys && stock.position > from[user.shard])
    }
}
