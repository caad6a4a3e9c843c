/// The SMTP server that takes our mail, and how it is talked to.
public struct MailServer: Sendable {
    public enum Security: String, Sendable, CaseIterable {
        /// In the clear; for a server on the same machine.
        case none
        /// Begins in the clear and goes on encrypted, or not at all.
        case starttls
        /// Encrypted from the first byte.
        case tls
    }

    public var host: String
    public var port: Int
    public var security: Security
    /// What this side calls itself.
    public var helloName: String
    public var user: String?
    public var password: String?

    public init(
        host: String, port: Int, security: Security, helloName: String, user: String? = nil, password: String? = nil
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.helloName = helloName
        self.user = user
        self.password = password
    }

    var url: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(security == .tls ? "smtps" : "smtp")://\(name):\(port)/\(helloName)"
    }
}
