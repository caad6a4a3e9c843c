import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// A push rule: `GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}` (spec v1.19, "Push Rules: API").
struct GetPushRule: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}")

    let rules: PushRuleReader

    /// - Throws: `M_NOT_FOUND`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        try await rules.rule(try PushRulePath(request), of: request.caller)
    }
}
