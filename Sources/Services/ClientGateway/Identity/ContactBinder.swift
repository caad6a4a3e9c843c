import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Has identity servers connect users with their addresses, and forget them again.
struct ContactBinder: Sendable {
    /// How long all of a user's identity servers together are waited for.
    static let allMax = Duration.seconds(8)

    let identity: IdentityServers
    let bindings: IdentityBindingStore
    let clock: WallClock

    /// Takes an address from `user` wherever it was bound.
    ///
    /// - Parameter server: where; `nil`: everywhere we know of.
    /// - Returns: whether an identity server was asked, and all that were did so.
    /// - Throws: 503 when one cannot be asked; the others have done so by then.
    func unbind(_ address: ThirdPartyAddress, from user: UserID, at server: ServerName?) async throws -> Bool {
        let known = try await bindings.list(of: user).filter {
            $0.medium.utf8.elementsEqual(address.medium.utf8) && $0.address.utf8.elementsEqual(address.address.utf8)
        }
        let servers = server.map { [$0] } ?? known.map(\.server)
        var isDone = !servers.isEmpty
        for server in servers { isDone = try await unbind(address, from: user, at: server) && isDone }
        return isDone
    }

    /// Takes every address from `user` that was bound.
    ///
    /// - Returns: whether all identity servers did so; what there was no time for was not done.
    func unbindAll(of user: UserID) async throws -> Bool {
        let deadline = ContinuousClock.now + Self.allMax
        var isDone = true
        for binding in try await bindings.list(of: user) {
            guard ContinuousClock.now < deadline else { return false }
            let address = ThirdPartyAddress(medium: binding.medium, address: binding.address)
            do {
                isDone = try await unbind(address, from: user, at: binding.server) && isDone
            } catch is MatrixError {
                // It cannot be asked; whether it may go on is not for it to say.
                isDone = false
            }
        }
        return isDone
    }

    private func unbind(_ address: ThirdPartyAddress, from user: UserID, at server: ServerName) async throws -> Bool {
        guard try await identity.unbind(address, from: user, at: server) else { return false }
        try await bindings.delete(
            IdentityBinding(medium: address.medium, address: address.address, server: server), of: user)
        return true
    }

    /// How an answer says it.
    static func result(_ isDone: Bool) -> JSONObject {
        ["id_server_unbind_result": isDone ? "success" : "no-support"]
    }
}
