import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP

/// Takes an address off an identity server: `POST /_matrix/client/v3/account/3pid/unbind` (spec v1.19).
struct UnbindContact: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/3pid/unbind", cost: .write)

    let binder: ContactBinder

    /// - Throws: 503 when the identity server cannot be asked; `M_MISSING_PARAM`, `M_INVALID_PARAM` for another medium than
    ///   email or msisdn.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        let address = try ThirdPartyAddress(body)
        let server = try body.identifier("id_server", as: ServerName.self)
        return ContactBinder.result(try await binder.unbind(address, from: request.caller, at: server))
    }
}
