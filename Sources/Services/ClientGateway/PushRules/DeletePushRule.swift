import HTTPServer
import MatrixHTTP

/// Removes a push rule: `DELETE /_matrix/client/v3/pushrules/global/{kind}/{ruleId}` (spec v1.19, "Push Rules: API").
struct DeletePushRule: Endpoint {
    static let route = Route.client(.delete, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}", cost: .write)

    let rules: PushRuleReader

    /// - Throws: `M_NOT_FOUND`, also for a rule that everybody has; `M_INVALID_PARAM`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        try await rules.change(try PushRulePath(request), .remove, of: request.caller)
    }
}
