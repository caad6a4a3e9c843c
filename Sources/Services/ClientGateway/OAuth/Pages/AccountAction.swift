/// What a client may send a person to the account page for (spec v1.19, "Account management URL actions").
enum AccountAction: String, Sendable, CaseIterable {
    case profile = "org.matrix.profile"
    case devices = "org.matrix.devices_list"
    case deviceView = "org.matrix.device_view"
    case deviceDelete = "org.matrix.device_delete"
    case deactivate = "org.matrix.account_deactivate"
    case crossSigningReset = "org.matrix.cross_signing_reset"

    static let path = "/oauth2/account"

    /// Takes the names of the spec, and those from before it.
    init?(asked: String) {
        switch asked {
        case "org.matrix.sessions_list": self = .devices
        case "org.matrix.session_view": self = .deviceView
        case "org.matrix.session_end": self = .deviceDelete
        default: self.init(rawValue: asked)
        }
    }
}
