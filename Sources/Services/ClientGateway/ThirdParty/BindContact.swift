import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// Binds an address at an identity server: `POST /_matrix/client/v3/account/3pid/bind` (spec v1.19).
struct BindContact: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/3pid/bind", cost: .write)

    let binder: ContactBinder

    /// - Throws: what the identity server refuses with, 503 when it cannot be asked; `M_MISSING_PARAM`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let body = BodyFields(try request.jsonBody())
        let secret = try body.requiredString("client_secret")
        let session = try IdentityServers.Session(body)
        let validation = try body.requiredString("sid")
        let address = try await binder.identity.bind(
            validation: validation, clientSecret: secret, to: request.caller, in: session)
        try await binder.bindings.insert(
            IdentityBinding(medium: address.medium, address: address.address, server: session.server),
            of: request.caller, at: binder.clock.now())
        return EmptyObject()
    }
}
