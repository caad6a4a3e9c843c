import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Whether a push rule is on: `GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled` (spec v1.19, "Push Rules:
/// API").
struct GetPushRuleEnabled: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled")

    let rules: PushRuleReader

    /// - Throws: `M_NOT_FOUND`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let rule = try await rules.rule(try PushRulePath(request), of: request.caller)
        return ["enabled": rule["enabled"] ?? true]
    }
}

/// Turns a push rule on or off: `PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled` (spec v1.19, "Push Rules:
/// API").
struct PutPushRuleEnabled: Endpoint {
    static let route = Route.client(.put, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled", cost: .write)

    let rules: PushRuleReader

    /// - Throws: `M_NOT_FOUND`, `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let path = try PushRulePath(request)
        guard let isEnabled = try BodyFields(try request.jsonBody()).bool("enabled") else {
            throw MatrixError.missingParam("'enabled' is missing.")
        }
        return try await rules.change(path, .enable(isEnabled), of: request.caller)
    }
}
