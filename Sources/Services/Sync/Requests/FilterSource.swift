import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage
import Synchronization

/// Finds the filter a request names or carries; one that was uploaded never changes, so it is kept.
final class FilterSource: Sendable {
    /// The most uploaded filters kept; beyond, the memory starts anew.
    static let rememberedMax = 20_000

    private struct Key: Hashable {
        let user: UserID
        let number: Int32
    }

    private let store: FilterStore
    private let remembered = Mutex<[Key: SyncFilter]>([:])

    init(store: FilterStore) { self.store = store }

    /// The filter of the `filter` parameter: none, the ID of an uploaded one, or JSON.
    ///
    /// - Throws: `M_INVALID_PARAM` for an ID the user does not have, and for JSON that is no filter.
    func filter(_ text: String?, of user: UserID) async throws -> SyncFilter {
        guard let text, !text.isEmpty else { return SyncFilter() }
        guard text.utf8.first == UInt8(ascii: "{") else { return try await uploaded(text, of: user) }
        do {
            let json = try JSONObject.parse(Array(text.utf8))
            try FilterRules.check(json)
            return SyncFilter(json)
        } catch let error as MatrixError {
            throw MatrixError.invalidParam("The filter is not valid: \(error.message ?? "")")
        } catch {
            throw MatrixError.invalidParam("The filter is not JSON.")
        }
    }

    private func uploaded(_ text: String, of user: UserID) async throws -> SyncFilter {
        guard let number = Int32(text) else { throw MatrixError.invalidParam("You have no such filter.") }
        let key = Key(user: user, number: number)
        if let known = remembered.withLock({ $0[key] }) { return known }
        guard let json = try await store.fetch(number, of: user) else {
            throw MatrixError.invalidParam("You have no such filter.")
        }
        let filter = SyncFilter(json)
        remembered.withLock { remembered in
            if remembered.count >= Self.rememberedMax { remembered = [:] }
            remembered[key] = filter
        }
        return filter
    }
}
