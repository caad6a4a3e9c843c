import CanonicalJSON
import Identifiers
import MatrixHTTP

/// Whom a login or authentication says it is about (spec v1.19, "Identifier types").
enum LoginIdentity: Sendable {
    /// An `m.id.user` identifier, or the deprecated `user` member: a localpart or a full ID.
    case name(String)
    /// An `m.id.thirdparty` identifier of an email address.
    case email(EmailAddress)

    /// - Throws: `M_MISSING_PARAM` without any, `M_UNKNOWN` for an identifier of another type.
    init(_ body: BodyFields) throws {
        guard let identifier = try body.object("identifier").map(BodyFields.init) else {
            guard let user = try body.string("user") else { throw MatrixError.missingParam("'identifier' is missing.") }
            self = .name(user)
            return
        }
        switch try identifier.requiredString("type") {
        case "m.id.user": self = .name(try identifier.requiredString("user"))
        case "m.id.thirdparty": self = try Self.thirdParty(identifier)
        default: throw Self.unknown
        }
    }

    /// As it was given.
    var text: String {
        switch self {
        case .name(let name): name
        case .email(let address): address.text
        }
    }

    private static func thirdParty(_ identifier: BodyFields) throws -> LoginIdentity {
        guard try identifier.requiredString("medium") == "email" else { throw unknown }
        guard let address = EmailAddress(try identifier.requiredString("address")) else {
            throw MatrixError.forbidden("Invalid user name or password.")
        }
        return .email(address)
    }

    private static var unknown: MatrixError {
        MatrixError(status: 400, errcode: "M_UNKNOWN", message: "This server does not know people by that.")
    }
}
