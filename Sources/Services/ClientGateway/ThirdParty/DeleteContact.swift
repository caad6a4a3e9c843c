import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// Takes an address off the caller's account: `POST /_matrix/client/v3/account/3pid/delete` (spec v1.19, "Adding account
/// administrative contact information").
struct DeleteContact: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/3pid/delete")

    let addresses: ThirdPartyIDStore

    /// - Throws: `M_MISSING_PARAM`, `M_INVALID_PARAM` for another medium than email or msisdn.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let (medium, address) = try ContactFields.read(BodyFields(try request.jsonBody()))
        let stored = EmailAddress(address)?.text ?? address
        try await addresses.remove(stored, medium: medium, from: request.caller)
        return ContactFields.notBound
    }
}

/// Takes an address off an identity server: `POST /_matrix/client/v3/account/3pid/unbind` (spec v1.19).
struct UnbindContact: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/3pid/unbind")

    /// - Throws: `M_MISSING_PARAM`, `M_INVALID_PARAM` for another medium than email or msisdn.
    func respond(to request: UserRequest) async throws -> JSONObject {
        _ = try ContactFields.read(BodyFields(try request.jsonBody()))
        return ContactFields.notBound
    }
}

/// Refuses to bind an address at an identity server: `POST /_matrix/client/v3/account/3pid/bind` (spec v1.19).
struct BindContact: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/3pid/bind")

    /// - Throws: `M_SERVER_NOT_TRUSTED`: this server works with no identity server; `M_MISSING_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        for key in ["client_secret", "id_server", "id_access_token", "sid"] { _ = try body.requiredString(key) }
        throw MatrixError(
            status: 400, errcode: "M_SERVER_NOT_TRUSTED", message: "This server works with no identity server.")
    }
}

/// The address a request is about.
enum ContactFields {
    /// Nothing is ever bound: there is no identity server to ask.
    static let notBound: JSONObject = ["id_server_unbind_result": "no-support"]

    static func read(_ body: BodyFields) throws -> (medium: String, address: String) {
        let medium = try body.requiredString("medium")
        let address = try body.requiredString("address")
        _ = try body.string("id_server")
        guard medium == "email" || medium == "msisdn" else {
            throw MatrixError.invalidParam("'medium' is email or msisdn.")
        }
        guard !address.utf8.contains(0) else { throw MatrixError.invalidParam("'address' is not an address.") }
        return (medium, address)
    }
}
