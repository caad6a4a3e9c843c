import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// All of the caller's push rules: `GET /_matrix/client/v3/pushrules/` (spec v1.19, "Push Rules: API").
struct GetPushRules: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/pushrules/")

    let rules: PushRuleReader

    func respond(to request: UserRequest) async throws -> JSONObject {
        try await rules.document(of: request.caller).json
    }
}

/// The same without the word before it: `GET /_matrix/client/v3/pushrules/global/` (spec v1.19, "Push Rules: API").
struct GetGlobalPushRules: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/pushrules/global/")

    let rules: PushRuleReader

    func respond(to request: UserRequest) async throws -> JSONObject {
        try await rules.document(of: request.caller).json["global"]?.objectValue ?? [:]
    }
}
