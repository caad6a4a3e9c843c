import CanonicalJSON
import Identifiers
import MatrixHTTP
import PushRules
import Storage
import WorkerContracts

/// Reads and changes users' push rules.
struct PushRuleReader: Sendable {
    let store: AccountDataStore
    let sender: CommandSender

    func document(of user: UserID) async throws -> PushRuleDocument {
        PushRuleDocument(try await store.fetch(PushRuleDocument.accountDataType, of: user, in: nil), of: user)
    }

    /// What notifies `user`, compiled.
    func rules(of user: UserID) async throws -> PushRuleSet {
        PushRuleSet(try await document(of: user), of: user)
    }

    /// - Throws: `M_NOT_FOUND`.
    func rule(_ path: PushRulePath, of user: UserID) async throws -> JSONObject {
        guard let rule = try await document(of: user).rule(path.name, path.kind) else {
            throw MatrixError.notFound("There is no such rule.")
        }
        return rule
    }

    /// - Throws: `M_NOT_FOUND`, `M_UNKNOWN`, `M_INVALID_PARAM`, `M_TOO_LARGE`.
    func change(_ path: PushRulePath, _ what: PushRuleChange.What, of user: UserID) async throws -> EmptyObject {
        let change = PushRuleChange(kind: path.kind, name: path.name, what: what)
        try await sender.execute(
            .changePushRules(.init(user: user, change: change)), id: .random(), for: user)
        return EmptyObject()
    }
}

/// Which rule the path is about.
struct PushRulePath {
    let kind: PushRuleKind
    let name: String

    /// - Throws: `M_INVALID_PARAM` for a kind that is none, and a name that cannot be one.
    init(_ request: UserRequest) throws {
        guard let kind = PushRuleKind(rawValue: try request.path("kind")) else {
            throw MatrixError.invalidParam("There is no such kind of rules.")
        }
        self.kind = kind
        name = try request.path("ruleId")
        guard !name.isEmpty, name.utf8.count <= PushRuleDocument.ruleBytesMax, !name.utf8.contains(0) else {
            throw MatrixError.invalidParam("A rule's name is 1 to \(PushRuleDocument.ruleBytesMax) bytes.")
        }
    }
}
