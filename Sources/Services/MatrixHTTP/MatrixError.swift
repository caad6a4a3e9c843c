import CanonicalJSON
import HTTPServer
import Identifiers
import NIOCore

/// A refusal as the spec has it: a status, an error code, a sentence for people, and what else the code calls for.
public struct MatrixError: HTTPAnswerable, Sendable {
    public let status: Int
    /// `nil` only in a challenge for further authentication, which has none on its first showing.
    public let errcode: String?
    public let message: String?
    /// Members besides `errcode` and `error`.
    public let fields: JSONObject
    public let retryAfter: Duration?

    public init(
        status: Int, errcode: String?, message: String?, fields: JSONObject = [:], retryAfter: Duration? = nil
    ) {
        self.status = status
        self.errcode = errcode
        self.message = message
        self.fields = fields
        self.retryAfter = retryAfter
    }

    public var answer: HTTPAnswer {
        var object = fields
        if let errcode { object["errcode"] = .string(errcode) }
        if let message { object["error"] = .string(message) }
        var headers: [(name: String, value: String)] = []
        if let retryAfter {
            let milliseconds = retryAfter.milliseconds
            if status == 429 { object["retry_after_ms"] = .int(milliseconds) }
            headers.append(("Retry-After", String(max(1, (milliseconds + 999) / 1_000))))
        }
        return HTTPAnswer(status: status, headers: headers, body: .bytes(ByteBuffer(bytes: object.bytes())))
    }
}

extension MatrixError {
    public static func forbidden(_ message: String) -> MatrixError {
        MatrixError(status: 403, errcode: "M_FORBIDDEN", message: message)
    }
    public static func notFound(_ message: String) -> MatrixError {
        MatrixError(status: 404, errcode: "M_NOT_FOUND", message: message)
    }
    public static func badJSON(_ message: String) -> MatrixError {
        MatrixError(status: 400, errcode: "M_BAD_JSON", message: message)
    }
    public static func notJSON(_ message: String) -> MatrixError {
        MatrixError(status: 400, errcode: "M_NOT_JSON", message: message)
    }
    public static func invalidParam(_ message: String) -> MatrixError {
        MatrixError(status: 400, errcode: "M_INVALID_PARAM", message: message)
    }
    public static func missingParam(_ message: String) -> MatrixError {
        MatrixError(status: 400, errcode: "M_MISSING_PARAM", message: message)
    }
    public static func userInUse(_ message: String) -> MatrixError {
        MatrixError(status: 400, errcode: "M_USER_IN_USE", message: message)
    }
    public static func tooLarge(_ message: String) -> MatrixError {
        MatrixError(status: 413, errcode: "M_TOO_LARGE", message: message)
    }
    public static func unrecognized(_ message: String = "Unrecognized request", status: Int = 404) -> MatrixError {
        MatrixError(status: status, errcode: "M_UNRECOGNIZED", message: message)
    }
    public static var missingToken: MatrixError {
        MatrixError(status: 401, errcode: "M_MISSING_TOKEN", message: "An access token is needed.")
    }
    public static func unknownToken(softLogout: Bool) -> MatrixError {
        MatrixError(
            status: 401, errcode: "M_UNKNOWN_TOKEN", message: "The access token is not known, or no longer.",
            fields: softLogout ? ["soft_logout": true] : [:])
    }
    public static var userLocked: MatrixError {
        MatrixError(
            status: 401, errcode: "M_USER_LOCKED", message: "This account has been locked.",
            fields: ["soft_logout": true])
    }
    public static var userSuspended: MatrixError {
        MatrixError(status: 403, errcode: "M_USER_SUSPENDED", message: "This account is suspended.")
    }
    public static var guestAccessForbidden: MatrixError {
        MatrixError(status: 403, errcode: "M_GUEST_ACCESS_FORBIDDEN", message: "Guests may not do this.")
    }
    public static func limitExceeded(retryAfter: Duration) -> MatrixError {
        MatrixError(
            status: 429, errcode: "M_LIMIT_EXCEEDED", message: "Too many requests; try again later.",
            retryAfter: retryAfter)
    }
    public static func unavailable(_ message: String, retryAfter: Duration) -> MatrixError {
        MatrixError(status: 503, errcode: "M_UNKNOWN", message: message, retryAfter: retryAfter)
    }
}
