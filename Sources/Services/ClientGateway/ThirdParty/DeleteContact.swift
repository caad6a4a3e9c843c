import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Takes an address off the caller's account: `POST /_matrix/client/v3/account/3pid/delete` (spec v1.19, "Adding account
/// administrative contact information").
struct DeleteContact: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/3pid/delete", cost: .write)

    let addresses: ThirdPartyIDStore
    let binder: ContactBinder

    /// - Throws: `M_MISSING_PARAM`, `M_INVALID_PARAM` for another medium than email or msisdn.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        let address = try ThirdPartyAddress(body)
        let server = try body.identifier("id_server", as: ServerName.self)
        try await addresses.remove(address.address, medium: address.medium, from: request.caller)
        do {
            return ContactBinder.result(try await binder.unbind(address, from: request.caller, at: server))
        } catch let error as MatrixError where error.status == 503 {
            // It is off the account; the identity server cannot be asked, and is known still.
            return ContactBinder.result(false)
        }
    }
}
