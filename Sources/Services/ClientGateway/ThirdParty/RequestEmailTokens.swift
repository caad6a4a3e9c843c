import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// Mails somebody who wants to register: `POST /_matrix/client/v3/register/email/requestToken` (spec v1.19).
struct RequestRegistrationEmail: Endpoint {
    static let route = Route.client(
        .post, "/_matrix/client/v3/register/email/requestToken", cost: .account, auth: .none)

    let emails: EmailRequests

    /// - Throws: `M_THREEPID_IN_USE`, `M_THREEPID_MEDIUM_NOT_SUPPORTED`, `M_INVALID_PARAM`.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        try await emails.begin(try request.jsonBody(), from: request.clientAddress, for: .register)
    }
}

/// Mails somebody who wants to add an address: `POST /_matrix/client/v3/account/3pid/email/requestToken` (spec v1.19).
struct RequestContactEmail: Endpoint {
    static let route = Route.client(
        .post, "/_matrix/client/v3/account/3pid/email/requestToken", cost: .account, auth: .none)

    let emails: EmailRequests

    /// - Throws: `M_THREEPID_IN_USE`, `M_THREEPID_MEDIUM_NOT_SUPPORTED`, `M_INVALID_PARAM`.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        try await emails.begin(try request.jsonBody(), from: request.clientAddress, for: .add)
    }
}

/// Mails somebody who forgot their password: `POST /_matrix/client/v3/account/password/email/requestToken` (spec v1.19).
struct RequestPasswordEmail: Endpoint {
    static let route = Route.client(
        .post, "/_matrix/client/v3/account/password/email/requestToken", cost: .account, auth: .none)

    let emails: EmailRequests

    /// - Throws: `M_THREEPID_NOT_FOUND`, `M_THREEPID_MEDIUM_NOT_SUPPORTED`, `M_INVALID_PARAM`.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        try await emails.begin(try request.jsonBody(), from: request.clientAddress, for: .password)
    }
}

/// What the three ways to a mail share.
struct EmailRequests: Sendable {
    let validator: EmailValidator
    let addresses: ThirdPartyIDStore
    let rates: RateLimits

    func begin(_ body: JSONObject, from origin: String?, for purpose: EmailPurpose) async throws -> JSONObject {
        let wish = try EmailValidator.Wish(BodyFields(body))
        try validator.demandOn()
        try await rates.demand(.thirdPartyValidation, from: origin)
        try await rates.demand(.thirdPartyValidation, of: wish.address.text)
        let owner = try await addresses.user(with: wish.address.text, medium: "email")
        switch purpose {
        case .register, .add:
            guard owner == nil else {
                throw MatrixError(
                    status: 400, errcode: "M_THREEPID_IN_USE", message: "An account has this address already.")
            }
        case .password:
            guard owner != nil else {
                throw MatrixError(
                    status: 400, errcode: "M_THREEPID_NOT_FOUND", message: "No account has this address.")
            }
        }
        return try await validator.begin(wish, for: purpose)
    }
}
