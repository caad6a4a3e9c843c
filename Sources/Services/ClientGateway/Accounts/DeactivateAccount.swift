import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Ends an account for good: `POST /_matrix/client/v3/account/deactivate` (spec v1.19, "Account management").
struct DeactivateAccount: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/deactivate", cost: .account, auth: .none)

    let auth: InteractiveAuth
    let accounts: AccountStore
    let removal: DeviceRemoval
    let binder: ContactBinder
    let clock: WallClock

    /// Without a token, the password says whose account it is.
    ///
    /// The rooms are left afterwards, by ``AccountCleaner``.
    ///
    /// - Throws: the 401 of user-interactive authentication until the password is right.
    func respond(to request: MaybeUserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.optionalJSONBody())
        let erase = try body.bool("erase") ?? false
        _ = try body.identifier("id_server", as: ServerName.self)
        let user = try await authorise(request.user?.caller, body)
        _ = try await accounts.deactivate(user, erase: erase, at: clock.now())
        try await removal.removeAll(of: user, except: nil, isForGood: true)
        return ContactBinder.result(try await binder.unbindAll(of: user))
    }

    private func authorise(_ caller: UserID?, _ body: BodyFields) async throws -> UserID {
        if let caller {
            try await auth.demandOwner(caller, to: "deactivate the account", in: body)
            return caller
        }
        let operation = AuthOperation("deactivate an account", flows: [[.password]], user: nil)
        let proof = try await auth.demand(operation, in: body)[.password]
        guard let user = proof?["user"]?.stringValue.flatMap({ UserID($0) }) else {
            preconditionFailure("a completed password stage names its user")
        }
        return user
    }
}
