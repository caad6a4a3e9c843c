import Glibc

/// The configuration every worker reads; parsed once, then passed as values.
public struct WorkerConfiguration: Sendable {
    public enum RegistrationMode: String, Sendable, CaseIterable { case open, token, closed }
    public enum Pool: String, Sendable, CaseIterable { case sync, initial }
    public enum LogLevel: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error }

    /// How long messages are kept; lifetimes are `nil` when there is no bound.
    public struct Retention: Sendable, Equatable {
        public var isEnabled: Bool
        public var defaultLifetime: Duration?
        public var lifetimeMin: Duration?
        public var lifetimeMax: Duration?
    }

    /// What whoever registers agrees to.
    public struct Terms: Sendable, Equatable {
        public var url: String
        public var version: String
        public var name: String
    }

    /// How mail is sent.
    public struct Email: Sendable {
        public enum Security: String, Sendable, CaseIterable { case none, starttls, tls }
        public var host: String
        public var port: Int
        public var security: Security
        public var user: String?
        public var password: Secret?
        /// The address mail comes from.
        public var sender: String
        public var senderName: String
        /// How long a notification waits to be read before it goes by mail, with what came meanwhile.
        public var digestDelay: Duration
        /// Whether what was said is in such mails.
        public var digestShowsMessages: Bool
        /// What links to rooms begin with.
        public var roomLinkPrefix: String
    }

    /// Whom people turn to.
    public struct Support: Sendable {
        public struct Contact: Sendable {
            public enum Role: String, Sendable, CaseIterable { case admin, security }
            public var role: Role
            public var email: String?
            public var matrixID: String?
        }
        public var contacts: [Contact]
        public var page: String?
    }

    /// The servers that help calls through firewalls.
    public struct Turn: Sendable {
        public var uris: [String]
        public var sharedSecret: Secret
        /// How long what clients are given is good, in seconds.
        public var lifetimeSeconds: Int
    }

    /// Where uploaded files are, and how many there may be.
    public struct Media: Sendable {
        public enum Store: Sendable {
            /// A folder that all media workers and housekeepers share.
            case folder(String)
            case s3(S3)
        }
        /// A bucket of any server that speaks S3's protocol.
        public struct S3: Sendable {
            public var endpoint: String
            public var region: String
            public var bucket: String
            /// Before the objects' names; may be empty.
            public var prefix: String
            public var accessKeyID: String
            public var secretAccessKey: Secret
        }
        /// `nil`: there is none, and no worker that needs one starts.
        public var store: Store?
        /// Where files are gathered before they go into a bucket.
        public var spoolPath: String
        /// The largest file, in bytes.
        public var uploadBytesMax: Int64
        /// All files of one user, in bytes; `nil`: no bound.
        public var userBytesMax: Int64?
        /// Where people read about that bound.
        public var quotaInfoURL: String?
        /// Addresses that a user has made for files and not yet uploaded.
        public var pendingUploadsMax: Int
        /// For how long such an address waits for its file.
        public var pendingUploadLife: Duration
        /// The largest file taken over from another server, in bytes.
        public var remoteBytesMax: Int64
        /// All files that can be fetched again, those of other servers and previews' pictures, in bytes.
        public var cacheBytesMax: Int64
        /// How long files of other servers stay that nobody looks at; `nil`: for ever.
        public var remoteLife: Duration?
        /// How long users' own files stay that nobody looks at; `nil`: for ever.
        public var localLife: Duration?
        /// Whether the endpoints of old, which need no token, serve every file.
        public var downloadsWithoutToken: Bool
        /// Whether links are looked at for users.
        public var previewsLinks: Bool
        /// Networks that may be asked although they are not public, as `10.1.0.0/16`.
        public var allowedNetworks: [String]
    }

    /// The OpenID Connect provider by which people log in.
    public struct SingleSignOn: Sendable {
        /// An https address, under which the provider describes itself.
        public var issuer: String
        public var clientID: String
        public var clientSecret: Secret
        /// Shown to people.
        public var name: String
        /// Separated by spaces.
        public var scopes: String
        /// What user names are made of.
        public var usernameClaim: String
        /// Whether somebody who comes for the first time gets an account.
        public var makesAccounts: Bool
    }

    public var workerName: String
    public var serverName: String
    public var publicBaseURL: String
    public var databaseURL: Secret
    public var databaseSharedConnections: Int
    public var databaseTransactionConnectionsMax: Int
    public var clusterSecret: Secret
    public var signingKeyPath: String
    public var listenPublic: ListenAddress
    public var listenInternal: ListenAddress
    public var listenOperations: ListenAddress
    public var registrationMode: RegistrationMode
    public var registrationSharedSecret: Secret?
    public var registrationAllowsGuests: Bool
    /// `nil`: whoever registers need not agree to anything.
    public var terms: Terms?
    /// Whether somebody who registers has to show an email address.
    public var registrationRequiresEmail: Bool
    /// `nil`: no mail is sent, and nobody has an email address.
    public var email: Email?
    /// `nil`: nobody is named.
    public var support: Support?
    /// The Ed25519 key of the policy server at this server's name, in unpadded base64; `nil`: there is none.
    public var policyServerKey: String?
    /// `nil`: there are none.
    public var turn: Turn?
    /// Where clients ask to be let into the LiveKit servers that carry calls, the one to be preferred first.
    public var liveKitServiceURLs: [String]
    /// Whether only who is logged in may make a meeting place for devices.
    public var rendezvousNeedsLogin: Bool
    /// `nil`: people log in here only.
    public var singleSignOn: SingleSignOn?
    /// Empty when they are switched off.
    public var rateLimits: [RateLimitName: RateLimit]
    public var pool: Pool
    public var isFeedEnabled: Bool
    /// Whether one build of a room's state serves every caller; off only to show what it is good for.
    public var isStateSharingOn: Bool
    /// Whether users are told who is there.
    public var isPresenceOn: Bool
    /// What a worker sends of first and full-state syncs in a second.
    public var initialSyncBytesPerSecond: Int
    public var retention: Retention
    public var media: Media
    /// Whether push gateways may be on this machine or in its network.
    public var allowsPrivateGateways: Bool
    public var drainDelay: Duration
    /// `nil`: as many as the system allows.
    public var openFilesMax: Int?
    public var logLevel: LogLevel

    /// What a first sync's megabytes cost all parts of a cluster leaves more than half of a machine to others then.
    static let initialMebibytesPerProcessor = 8
    private static var processors: Int { min(1_000, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Reads the configuration.
    ///
    /// - Throws: ``ConfigurationProblems`` with everything that is wrong.
    public init(environment: [String: String]) throws(ConfigurationProblems) {
        var source = ConfigurationSource(environment: environment)
        workerName = source.text("worker.name") ?? "worker"
        serverName = source.required("server.name")
        publicBaseURL = source.text("server.public_base_url") ?? "https://\(serverName)"
        databaseURL = Secret(source.required("database.url"))
        databaseSharedConnections = source.integer("database.shared_connections", default: 2, in: 1...32)
        databaseTransactionConnectionsMax = source.integer(
            "database.transaction_connections_max", default: 8, in: 1...100)
        clusterSecret = source.secret("cluster.secret", isRequired: true) ?? Secret("")
        signingKeyPath = source.required("signing.key_path")
        listenPublic = source.address("listen.public", default: "127.0.0.1:0")
        listenInternal = source.address("listen.internal", default: "127.0.0.1:0")
        listenOperations = source.address("listen.operations", default: "127.0.0.1:0")
        registrationMode = source.choice("registration.mode", default: RegistrationMode.closed)
        registrationSharedSecret = source.secret("registration.shared_secret", isRequired: false)
        registrationAllowsGuests = source.bool("registration.allow_guests", default: false)
        let termsVersion = source.text("registration.terms_version") ?? "1"
        let termsName = source.text("registration.terms_name") ?? "Terms of Service"
        terms = source.text("registration.terms_url").map {
            Terms(url: $0, version: termsVersion, name: termsName)
        }
        registrationRequiresEmail = source.bool("registration.requires_email", default: false)
        email = Self.email(&source, serverName: serverName)
        if registrationRequiresEmail, email == nil {
            source.problem("registration.requires_email needs email.smtp_host")
        }
        rateLimits = Self.rateLimits(&source)
        support = Self.support(&source)
        policyServerKey = source.text("policy_server.public_key")
        turn = Self.turn(&source)
        liveKitServiceURLs = Self.liveKitServiceURLs(&source)
        rendezvousNeedsLogin = source.bool("rendezvous.needs_login", default: false)
        singleSignOn = Self.singleSignOn(&source)
        pool = source.choice("pool", default: Pool.sync)
        isFeedEnabled = source.bool("feed.enabled", default: true)
        isPresenceOn = source.bool("presence.enabled", default: true)
        isStateSharingOn = source.bool("state.sharing", default: true)
        initialSyncBytesPerSecond =
            source.integer(
                "sync.initial_mebibytes_per_second",
                default: Self.initialMebibytesPerProcessor * Self.processors, in: 1...10_000) << 20
        retention = source.retention()
        media = Self.media(&source)
        allowsPrivateGateways = source.bool("push.allow_private_gateways", default: false)
        drainDelay = .seconds(source.integer("drain.delay_seconds", default: 2, in: 0...120))
        openFilesMax =
            source.text("limits.open_files_max") == nil
            ? nil : source.integer("limits.open_files_max", default: 1_024, in: 64...1_000_000)
        logLevel = source.choice("log.level", default: LogLevel.info)
        if source.text("cluster.secret") == nil, clusterSecret.exposed.isEmpty, source.problems.isEmpty {
            source.problem("cluster.secret is empty")
        }
        source.reportUnknownKeys()
        guard source.problems.isEmpty else { throw ConfigurationProblems(problems: source.problems) }
    }
}

extension ConfigurationSource {
    fileprivate mutating func retention() -> WorkerConfiguration.Retention {
        WorkerConfiguration.Retention(
            isEnabled: bool("retention.enabled", default: false), defaultLifetime: days("retention.default_days"),
            lifetimeMin: days("retention.allowed_days_min"), lifetimeMax: days("retention.allowed_days_max"))
    }

    /// A number of days; `nil` when the key is not there.
    mutating func days(_ key: String) -> Duration? {
        guard text(key) != nil else { return nil }
        return .seconds(integer(key, default: 1, in: 1...36_500) * 86_400)
    }
}

/// Everything that is wrong with a configuration, at once.
public struct ConfigurationProblems: Error, CustomStringConvertible {
    public let problems: [String]
    public init(problems: [String]) { self.problems = problems }
    public var description: String { problems.map { "configuration: \($0)" }.joined(separator: "\n") }
}
