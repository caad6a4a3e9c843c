import Identifiers
import Logging
import OutboundHTTP
import Postgres
import Storage
import WorkerContracts

/// Logging people in by the provider.
struct UpstreamLogins: Sendable {
    static let beginPath = "/oauth2/upstream"
    static let callbackPath = "/oauth2/upstream/callback"
    static let signupPath = "/oauth2/upstream/signup"

    let client: UpstreamClient
    let identities: UpstreamIdentityStore
    /// Proves that a person was at the provider while they choose a name.
    let proofs: SignedNonce
    let clock: WallClock

    /// - Parameter outbound: asks the provider.
    init(
        _ provider: UpstreamProvider, _ settings: ClientSettings, _ database: PostgresDatabase,
        by outbound: HTTPClient, clock: WallClock, logger: Logger
    ) {
        client = UpstreamClient(
            provider: provider, redirectURI: settings.publicURL + Self.callbackPath, client: outbound, clock: clock,
            logger: logger)
        identities = UpstreamIdentityStore(database: database)
        proofs = SignedNonce(
            secret: settings.clusterSecret, purpose: "upstream identity", life: UpstreamSecrets.life)
        self.clock = clock
    }

    var provider: UpstreamProvider { client.provider }

    func user(of identity: UpstreamIdentity) async throws -> UserID? {
        try await identities.user(with: identity.subject, of: provider.issuer)
    }

    /// What a form carries of somebody who has yet to choose a name.
    func proof(of subject: String) -> String { proofs.make(for: subject, at: clock.now()) }

    func isProof(_ proof: String, of subject: String) -> Bool {
        proofs.isValid(proof, for: subject, at: clock.now())
    }
}
