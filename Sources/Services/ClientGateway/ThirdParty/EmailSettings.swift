import OutboundHTTP

/// How this server sends mail.
package struct EmailSettings: Sendable {
    package var server: MailServer
    package var sender: EmailAddress
    package var senderName: String

    package init(server: MailServer, sender: EmailAddress, senderName: String) {
        self.server = server
        self.sender = sender
        self.senderName = senderName
    }
}
