import ClusterConfiguration
import Identifiers
import WorkerContracts

/// How notifications go by mail.
package struct MailDigestSettings: Sendable {
    package var email: EmailSettings
    package var server: ServerName
    /// Where mails are ended.
    package var links: UnsubscribeLinks
    /// How long a notification waits to be read before it goes by mail.
    package var delay: Duration
    /// Whether what was said is in mails.
    package var showsMessages: Bool
    /// What links to rooms begin with.
    package var roomLinkPrefix: String

    package init(
        email: EmailSettings, server: ServerName, links: UnsubscribeLinks, delay: Duration, showsMessages: Bool,
        roomLinkPrefix: String
    ) {
        self.email = email
        self.server = server
        self.links = links
        self.delay = delay
        self.showsMessages = showsMessages
        self.roomLinkPrefix = roomLinkPrefix
    }

    /// - Returns: `nil` when this server sends no mail.
    /// - Throws: ``ConfigurationProblems`` with everything that cannot be used.
    init?(_ configuration: WorkerConfiguration) throws {
        guard let email = configuration.email else { return nil }
        var problems: [String] = []
        let server = ServerIdentity.name(configuration, &problems)
        let settings = EmailSettings(email, serverName: configuration.serverName, &problems)
        guard let server, let settings, problems.isEmpty else { throw ConfigurationProblems(problems: problems) }
        self.init(
            email: settings, server: server,
            links: UnsubscribeLinks(
                publicURL: configuration.publicBaseURL, secret: Array(configuration.clusterSecret.exposed.utf8)),
            delay: email.digestDelay, showsMessages: email.digestShowsMessages, roomLinkPrefix: email.roomLinkPrefix)
    }
}
