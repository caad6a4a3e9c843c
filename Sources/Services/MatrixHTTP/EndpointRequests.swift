import CanonicalJSON
import HTTPServer
import Identifiers

/// A request from anybody.
public struct PublicRequest: EndpointRequest, RequestReading {
    public let raw: ServerRequest

    public init(_ raw: ServerRequest) { self.raw = raw }

    public static func make(of request: ServerRequest, callers: Callers) async throws -> PublicRequest {
        PublicRequest(request)
    }
}

/// A request from a user whose access token has been checked.
public struct UserRequest: EndpointRequest, RequestReading {
    public let raw: ServerRequest
    public let caller: UserID
    public let device: DeviceID
    /// The token it came with, for those that wait and have to look again.
    public let token: AccessToken
    public let isGuest: Bool
    /// The caller may read and leave, not write.
    public let isSuspended: Bool

    init(_ raw: ServerRequest, _ known: KnownCaller, token: AccessToken) {
        self.raw = raw
        caller = known.user
        device = known.device
        self.token = token
        isGuest = known.isGuest
        isSuspended = known.isSuspended
    }

    public static func make(of request: ServerRequest, callers: Callers) async throws -> UserRequest {
        guard let text = bearerToken(of: request) else { throw MatrixError.missingToken }
        guard let token = AccessToken(text) else { throw MatrixError.unknownToken(softLogout: false) }
        switch try await callers.caller(with: token, from: RequestOrigin(request)) {
        case .known(let known):
            try CallerRules.check(known, at: request.route)
            return UserRequest(request, known, token: token)
        case .locked(let known):
            let name = "\(request.route.method.rawValue) \(request.route.path)"
            guard CallerRules.openToLocked.contains(name) else { throw MatrixError.userLocked }
            return UserRequest(request, known, token: token)
        case .expired: throw MatrixError.unknownToken(softLogout: true)
        case .unknown: throw MatrixError.unknownToken(softLogout: false)
        }
    }

    static func bearerToken(of request: ServerRequest) -> String? {
        if let header = request.header("authorization") {
            let parts = header.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : nil
        }
        return request.query.first { $0.name == "access_token" }?.value
    }
}

/// A request from a user, or from somebody who has no token and proves who they are another way.
public struct MaybeUserRequest: EndpointRequest, RequestReading {
    public let raw: ServerRequest
    /// `nil`: it came without a token.
    public let user: UserRequest?

    public static func make(of request: ServerRequest, callers: Callers) async throws -> MaybeUserRequest {
        let isAnonymous = UserRequest.bearerToken(of: request) == nil
        return MaybeUserRequest(
            raw: request, user: isAnonymous ? nil : try await UserRequest.make(of: request, callers: callers))
    }
}

/// Typed access to what a request carries; what does not parse is refused with the spec's code.
public protocol RequestReading {
    var raw: ServerRequest { get }
}

extension RequestReading {
    public var requestID: String { raw.requestID }
    public var clientAddress: String? { raw.clientAddress }
    public var deadline: ContinuousClock.Instant { raw.deadline }
    public var rawBody: [UInt8] { Array(raw.body.readableBytesView) }

    /// A path parameter as text; "" for a trailing one that was left empty.
    ///
    /// - Throws: `M_INVALID_PARAM` when it is not UTF-8.
    public func path(_ name: String) throws -> String {
        raw.parameters[name] ?? ""
    }

    /// A path parameter as an identifier.
    ///
    /// - Throws: `M_INVALID_PARAM` when it breaks the identifier's grammar.
    public func path<Value: Identifier>(_ name: String, as type: Value.Type) throws -> Value {
        guard let value = Value(try path(name)) else {
            throw MatrixError.invalidParam("The \(name) in the path is not valid.")
        }
        return value
    }

    /// A query parameter's first value.
    public func query(_ name: String) -> String? {
        raw.query.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// All values of a query parameter that may repeat.
    public func queryAll(_ name: String) -> [String] {
        raw.query.filter { $0.name.utf8.elementsEqual(name.utf8) }.map(\.value)
    }

    /// A query parameter that is a number.
    ///
    /// - Throws: `M_INVALID_PARAM` for anything else.
    public func queryInteger(_ name: String) throws -> Int64? {
        guard let text = query(name) else { return nil }
        guard let number = Int64(text) else { throw MatrixError.invalidParam("'\(name)' must be a number.") }
        return number
    }

    /// A query parameter that is true or false.
    public func queryBool(_ name: String) throws -> Bool? {
        switch query(name) {
        case nil: nil
        case "true": true
        case "false": false
        default: throw MatrixError.invalidParam("'\(name)' must be true or false.")
        }
    }

    /// The body as a JSON object.
    ///
    /// - Throws: `M_NOT_JSON` when it is not JSON, `M_BAD_JSON` when it is JSON but no object, or breaks a limit.
    public func jsonBody() throws -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONValue.parse(rawBody)
        } catch {
            throw Self.refusal(of: error)
        }
        guard let object = value.objectValue else { throw MatrixError.badJSON("The body must be a JSON object.") }
        return object
    }

    /// As ``jsonBody()``, with an absent body as `{}`.
    public func optionalJSONBody() throws -> JSONObject {
        raw.body.readableBytes == 0 ? [:] : try jsonBody()
    }

    private static func refusal(of error: JSONError) -> MatrixError {
        switch error {
        case .malformed: .notJSON("The body is not JSON.")
        case .tooLarge: .tooLarge("The body is too large.")
        default: .badJSON("The body has JSON this server does not take: \(error)")
        }
    }
}
