import CanonicalJSON
import HTTPServer
import MatrixHTTP
import PushRules

/// Sets a push rule: `PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}` (spec v1.19, "Push Rules: API").
struct PutPushRule: Endpoint {
    static let route = Route.client(.put, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}", cost: .write)

    let rules: PushRuleReader

    /// - Throws: `M_INVALID_PARAM` for a name or a kind of the server's own, `M_UNKNOWN` for a neighbour that is none,
    ///   `M_MISSING_PARAM`, `M_BAD_JSON`, `M_TOO_LARGE`.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let path = try PushRulePath(request)
        guard path.kind.takesOwnRules else {
            throw MatrixError.invalidParam("Rules of this kind are the server's own.")
        }
        guard path.name.utf8.first != UInt8(ascii: "."), !path.name.utf8.contains(where: { "/\\".utf8.contains($0) })
        else { throw MatrixError.invalidParam("A rule's name does not begin with a dot, nor has it slashes.") }
        let rule = try Self.rule(BodyFields(try request.jsonBody()), path.kind)
        return try await rules.change(path, .set(rule, Self.place(request)), of: request.caller)
    }

    private static func place(_ request: UserRequest) -> PushRuleChange.Place? {
        if let name = request.query("before") { return .init(name: name, isAfter: false) }
        return request.query("after").map { .init(name: $0, isAfter: true) }
    }

    private static func rule(_ body: BodyFields, _ kind: PushRuleKind) throws -> JSONObject {
        guard let actions = try body.array("actions") else { throw MatrixError.missingParam("'actions' is missing.") }
        var rule: JSONObject = ["actions": .array(try PushRuleActions.checked(actions))]
        if kind.hasConditions {
            let conditions = try body.array("conditions") ?? []
            guard conditions.allSatisfy({ $0["kind"]?.stringValue != nil }) else {
                throw MatrixError.badJSON("A condition is an object with a kind.")
            }
            rule["conditions"] = .array(conditions)
        }
        if kind == .content { rule["pattern"] = .string(try body.requiredString("pattern")) }
        return rule
    }
}

/// What a rule may do.
enum PushRuleActions {
    /// - Throws: `M_BAD_JSON` for what is no action.
    static func checked(_ actions: [JSONValue]) throws -> [JSONValue] {
        guard actions.allSatisfy({ $0.stringValue != nil || $0["set_tweak"]?.stringValue != nil }) else {
            throw MatrixError.badJSON("An action is a string, or an object with 'set_tweak'.")
        }
        return PushActions(actions).json
    }
}
