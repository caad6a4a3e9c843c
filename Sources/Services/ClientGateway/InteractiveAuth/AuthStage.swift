import CanonicalJSON
import Identifiers
import Storage

/// A stage of user-interactive authentication (spec v1.19, "Authentication types").
enum AuthStage: String, Sendable, CaseIterable {
    case dummy = "m.login.dummy"
    case password = "m.login.password"
    case registrationToken = "m.login.registration_token"
    case terms = "m.login.terms"
    case email = "m.login.email.identity"
    /// Confirmed on a page, by somebody who is logged in there.
    case sso = "m.login.sso"
    /// Confirmed on the account page.
    case oauth = "m.oauth"

    /// Whether it shows who somebody is.
    var showsUser: Bool { self == .password || self == .sso }
}

/// What one authentication is for, and the ways to it.
struct AuthOperation: Sendable {
    /// Names the operation with the user and the things it acts on: the session of one does not authorise another.
    let name: String
    /// Each flow is stages that are all to be completed, in any order.
    let flows: [[AuthStage]]
    /// What an email address has to have been validated for.
    let emailPurpose: EmailPurpose
    /// Whose operation it is; `nil` while that is what has to be shown.
    let user: UserID?
    /// The address it is asked for from, as far as guesses are counted by that.
    let origin: String?

    init(
        _ name: String, flows: [[AuthStage]], user: UserID?, emailPurpose: EmailPurpose = .add, origin: String? = nil
    ) {
        precondition(!flows.isEmpty && flows.allSatisfy { !$0.isEmpty }, "an authentication asks for something")
        self.name = name
        self.flows = flows
        self.user = user
        self.origin = origin
        self.emailPurpose = emailPurpose
    }

    var stages: Set<AuthStage> { Set(flows.joined()) }

    func isSatisfied(by evidence: AuthEvidence) -> Bool {
        flows.contains { $0.allSatisfy { isProven($0, by: evidence) } }
    }

    /// What was completed on a page may be somebody else's.
    private func isProven(_ stage: AuthStage, by evidence: AuthEvidence) -> Bool {
        guard let proof = evidence[stage] else { return false }
        guard let user, stage.showsUser else { return true }
        return proof["user"] == .string(user.rawValue)
    }

    /// Whether a flow has more than one stage, so that what was completed has to be kept.
    var isLong: Bool { flows.contains { $0.count > 1 } }

    /// Giving `user` a new cryptographic identity, which they confirm on the account page.
    static func crossSigningReset(of user: UserID) -> AuthOperation {
        AuthOperation("cross-signing of \(user)", flows: [[.oauth]], user: user)
    }
}

/// What the completed stages of an authentication have proven.
struct AuthEvidence: Sendable {
    private(set) var byStage: JSONObject

    init(_ byStage: JSONObject = JSONObject()) { self.byStage = byStage }

    subscript(stage: AuthStage) -> JSONValue? {
        get { byStage[stage.rawValue] }
        set { byStage[stage.rawValue] = newValue }
    }
}
