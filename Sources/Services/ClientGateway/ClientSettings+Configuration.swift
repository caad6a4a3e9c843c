import ClusterConfiguration
import Identifiers
import Signing
import WorkerContracts

extension ClientSettings {
    /// - Throws: ``ConfigurationProblems`` with everything that cannot be used.
    init(_ configuration: WorkerConfiguration) throws {
        var problems: [String] = []
        let identity = ServerIdentity(configuration, &problems)
        let email = configuration.email.flatMap { EmailSettings($0, serverName: configuration.serverName, &problems) }
        let support = configuration.support.map { SupportInformation($0, &problems) }
        let policyServerKey = configuration.policyServerKey
        if let policyServerKey, UnpaddedBase64.decode(policyServerKey)?.count != 32 {
            problems.append("policy_server.public_key is not an Ed25519 key in base64")
        }
        let provider = configuration.singleSignOn.flatMap { UpstreamProvider($0, &problems) }
        guard let identity, problems.isEmpty else { throw ConfigurationProblems(problems: problems) }
        self.init(
            server: identity.name, baseURL: configuration.publicBaseURL,
            registration: RegistrationPolicy(configuration), signingKey: identity.key,
            clusterSecret: Array(configuration.clusterSecret.exposed.utf8))
        self.email = email
        rateLimits = configuration.rateLimits
        isPresenceOn = configuration.isPresenceOn
        self.support = support
        self.policyServerKey = policyServerKey
        turn = configuration.turn.map {
            TurnServers(
                uris: $0.uris, sharedSecret: Array($0.sharedSecret.exposed.utf8),
                lifetimeSeconds: Int64($0.lifetimeSeconds))
        }
        self.provider = provider
        rtcTransports = configuration.liveKitServiceURLs.map { RTCTransport(liveKitServiceURL: $0) }
        rendezvousNeedsLogin = configuration.rendezvousNeedsLogin
    }
}

extension RegistrationPolicy {
    init(_ configuration: WorkerConfiguration) {
        self.init(
            mode: Mode(configuration.registrationMode),
            sharedSecret: configuration.registrationSharedSecret.map { Array($0.exposed.utf8) },
            allowsGuests: configuration.registrationAllowsGuests,
            terms: configuration.terms.map { TermsPolicy(url: $0.url, version: $0.version, name: $0.name) },
            requiresEmail: configuration.registrationRequiresEmail)
    }
}

extension RegistrationPolicy.Mode {
    init(_ mode: WorkerConfiguration.RegistrationMode) {
        self =
            switch mode {
            case .open: .open
            case .token: .token
            case .closed: .closed
            }
    }
}

extension SupportInformation {
    init(_ support: WorkerConfiguration.Support, _ problems: inout [String]) {
        var contacts: [Contact] = []
        for contact in support.contacts {
            let matrixID = contact.matrixID.flatMap { UserID($0) }
            if let text = contact.matrixID, matrixID == nil {
                problems.append("support.\(contact.role.rawValue)_matrix_id '\(text)' is not a user ID")
            }
            contacts.append(
                Contact(role: "m.role.\(contact.role.rawValue)", email: contact.email, matrixID: matrixID))
        }
        self.init(contacts: contacts, page: support.page)
    }
}

extension UpstreamProvider {
    init?(_ wanted: WorkerConfiguration.SingleSignOn, _ problems: inout [String]) {
        guard let issuer = Self.issuer(wanted.issuer) else {
            problems.append("sso.issuer '\(wanted.issuer)' is not an https address")
            return nil
        }
        self.init(
            issuer: issuer, clientID: wanted.clientID, clientSecret: wanted.clientSecret.exposed, name: wanted.name,
            scopes: wanted.scopes, usernameClaim: wanted.usernameClaim, makesAccounts: wanted.makesAccounts)
    }
}
