import Identifiers
import Signing

/// What the client worker is told by its configuration.
package struct ClientSettings: Sendable {
    package var server: ServerName
    /// The address clients find in `/.well-known/matrix/client`.
    package var baseURL: String?
    package var registration: RegistrationPolicy
    /// Signs create events.
    package var signingKey: SigningKey
    /// Makes nonces that every worker accepts.
    package var clusterSecret: [UInt8]

    package init(
        server: ServerName, baseURL: String?, registration: RegistrationPolicy, signingKey: SigningKey,
        clusterSecret: [UInt8]
    ) {
        self.server = server
        self.baseURL = baseURL
        self.registration = registration
        self.signingKey = signingKey
        self.clusterSecret = clusterSecret
    }
}
