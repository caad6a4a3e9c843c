/// Who may register.
package struct RegistrationPolicy: Sendable {
    package enum Mode: Sendable { case open, token, closed }

    package var mode: Mode
    /// The secret of `/_synapse/admin/v1/register`; `nil` switches that endpoint off.
    package var sharedSecret: [UInt8]?
    /// Whether somebody may come in without an account of their own.
    package var allowsGuests: Bool
    /// What whoever registers agrees to.
    package var terms: TermsPolicy?

    /// Whether whoever registers has to show an email address; they may where this server sends mail.
    package var requiresEmail: Bool

    package init(
        mode: Mode, sharedSecret: [UInt8]?, allowsGuests: Bool = false, terms: TermsPolicy? = nil,
        requiresEmail: Bool = false
    ) {
        self.requiresEmail = requiresEmail
        self.mode = mode
        self.sharedSecret = sharedSecret
        self.allowsGuests = allowsGuests
        self.terms = terms
    }

    /// Whether the pages for people can make an account: nothing has to be shown first.
    var takesForms: Bool { mode == .open && !requiresEmail }

    /// The ways to an account; a stage that nobody has to pass is `m.login.dummy`.
    func flows(withEmail hasEmail: Bool) -> [[AuthStage]] {
        var stages: [AuthStage] = []
        if mode == .token { stages.append(.registrationToken) }
        if terms != nil { stages.append(.terms) }
        let plain = stages.isEmpty ? [AuthStage.dummy] : stages
        guard hasEmail else { return [plain] }
        return requiresEmail ? [stages + [.email]] : [plain, stages + [.email]]
    }
}
