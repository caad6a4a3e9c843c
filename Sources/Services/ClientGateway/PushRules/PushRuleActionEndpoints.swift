import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// What a push rule does: `GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions` (spec v1.19, "Push Rules: API").
struct GetPushRuleActions: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions")

    let rules: PushRuleReader

    /// - Throws: `M_NOT_FOUND`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let rule = try await rules.rule(try PushRulePath(request), of: request.caller)
        return ["actions": rule["actions"] ?? []]
    }
}

/// Changes what a push rule does: `PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions` (spec v1.19, "Push
/// Rules: API").
struct PutPushRuleActions: Endpoint {
    static let route = Route.client(.put, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions", cost: .write)

    let rules: PushRuleReader

    /// - Throws: `M_NOT_FOUND`, `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let path = try PushRulePath(request)
        guard let actions = try BodyFields(try request.jsonBody()).array("actions") else {
            throw MatrixError.missingParam("'actions' is missing.")
        }
        return try await rules.change(path, .act(try PushRuleActions.checked(actions)), of: request.caller)
    }
}
