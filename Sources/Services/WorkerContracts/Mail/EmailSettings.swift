import ClusterConfiguration
import Identifiers
import OutboundHTTP

/// How this server sends mail.
public struct EmailSettings: Sendable {
    public var server: MailServer
    public var sender: EmailAddress
    public var senderName: String

    public init(server: MailServer, sender: EmailAddress, senderName: String) {
        self.server = server
        self.sender = sender
        self.senderName = senderName
    }

    /// `nil` when something cannot be used, which `problems` then says.
    public init?(_ email: WorkerConfiguration.Email, serverName: String, _ problems: inout [String]) {
        guard let sender = EmailAddress(email.sender) else {
            problems.append("email.sender '\(email.sender)' is not an address")
            return nil
        }
        let security: MailServer.Security =
            switch email.security {
            case .none: .none
            case .starttls: .starttls
            case .tls: .tls
            }
        self.init(
            server: MailServer(
                host: email.host, port: email.port, security: security, helloName: serverName, user: email.user,
                password: email.password?.exposed),
            sender: sender, senderName: email.senderName)
    }

    /// A mail from this server.
    ///
    /// - Parameters:
    ///   - id: unique to the message, of letters, digits, `.`, `-` and `_`.
    ///   - unsubscribeURL: where whoever gets it ends mails of its kind.
    public func message(
        to recipient: EmailAddress, subject: String, text: String, id: String, at now: Timestamp,
        unsubscribeURL: String? = nil
    ) -> MailMessage {
        var message = MailMessage(
            sender: sender.text, senderName: senderName, recipient: recipient.text, subject: subject, text: text,
            messageID: "\(id)@\(sender.domain)", date: MailDate.header(now))
        message.unsubscribeURL = unsubscribeURL
        return message
    }
}
