import ClusterConfiguration
import Identifiers
import Signing
import WorkerContracts

/// What the client worker is told by its configuration.
package struct ClientSettings: Sendable {
    package var server: ServerName
    /// The address clients find in `/.well-known/matrix/client`.
    package var baseURL: String?
    package var registration: RegistrationPolicy
    /// `nil`: this server sends no mail.
    package var email: EmailSettings?
    /// Without one for a name, that name has no limit.
    package var rateLimits: [RateLimitName: RateLimit]
    package var support: SupportInformation?
    /// The Ed25519 key of the policy server of this name, in unpadded base64.
    package var policyServerKey: String?
    package var turn: TurnServers?
    /// What carries calls, the one to be preferred first.
    package var rtcTransports: [RTCTransport] = []
    /// Whether only who is logged in may make a meeting place for devices.
    package var rendezvousNeedsLogin = false
    /// How servers that users name are spoken to; only tests have some without TLS.
    package var serverScheme = "https"
    /// By which people log in besides their passwords.
    package var provider: UpstreamProvider?
    /// Signs create events.
    package var signingKey: SigningKey
    /// Makes nonces that every worker accepts.
    package var clusterSecret: [UInt8]
    /// Whether users are told who is there.
    package var isPresenceOn: Bool

    /// Where people's browsers find this server, without a slash at the end.
    var publicURL: String {
        var url = baseURL ?? "https://\(server)"
        while url.utf8.last == UInt8(ascii: "/") { url.removeLast() }
        return url
    }

    package init(
        server: ServerName, baseURL: String?, registration: RegistrationPolicy, signingKey: SigningKey,
        clusterSecret: [UInt8], email: EmailSettings? = nil,
        rateLimits: [RateLimitName: RateLimit] = [:], isPresenceOn: Bool = true
    ) {
        self.rateLimits = rateLimits
        self.email = email
        self.server = server
        self.baseURL = baseURL
        self.registration = registration
        self.signingKey = signingKey
        self.clusterSecret = clusterSecret
        self.isPresenceOn = isPresenceOn
    }
}
