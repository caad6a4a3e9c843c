import CanonicalJSON
import HTTPServer
import MatrixHTTP

// This server sends no text messages: the three endpoints that ask for one refuse as the spec has it.

/// Refuses `POST /_matrix/client/v3/register/msisdn/requestToken` (spec v1.19).
struct RequestRegistrationPhone: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/register/msisdn/requestToken", auth: .none)

    /// - Throws: `M_THREEPID_MEDIUM_NOT_SUPPORTED`.
    func respond(to request: PublicRequest) async throws -> JSONObject { try refusePhone(try request.jsonBody()) }
}

/// Refuses `POST /_matrix/client/v3/account/3pid/msisdn/requestToken` (spec v1.19).
struct RequestContactPhone: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/3pid/msisdn/requestToken", auth: .none)

    /// - Throws: `M_THREEPID_MEDIUM_NOT_SUPPORTED`.
    func respond(to request: PublicRequest) async throws -> JSONObject { try refusePhone(try request.jsonBody()) }
}

/// Refuses `POST /_matrix/client/v3/account/password/msisdn/requestToken` (spec v1.19).
struct RequestPasswordPhone: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/account/password/msisdn/requestToken", auth: .none)

    /// - Throws: `M_THREEPID_MEDIUM_NOT_SUPPORTED`.
    func respond(to request: PublicRequest) async throws -> JSONObject { try refusePhone(try request.jsonBody()) }
}

private func refusePhone(_ body: JSONObject) throws -> JSONObject {
    let fields = BodyFields(body)
    for key in ["client_secret", "country", "phone_number"] { _ = try fields.requiredString(key) }
    throw EmailValidator.mediumNotSupported("This server sends no text messages.")
}
