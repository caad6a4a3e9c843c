import Identifiers
import Logging
import MatrixHTTP
import OutboundHTTP
import PasswordHashing
import Postgres
import RoomReading
import Storage
import WorkerContracts

/// What endpoints are made of; each takes only the parts it needs.
package struct ClientParts: Sendable {
    let settings: ClientSettings
    let shardCount: Int
    let clock: WallClock
    let logger: Logger
    private let database: PostgresDatabase
    private let egress: HTTPClient
    let accounts: AccountStore
    let devices: DeviceStore
    let keys: KeyStore
    let profiles: ProfileStore
    let aliases: AliasStore
    let published: PublishedRooms
    let filters: FilterStore
    let registrationTokens: RegistrationTokenStore
    let rooms: RoomPlacements
    let users: UserLocator
    let sender: CommandSender
    let access: RoomAccess
    let memberships: MembershipWriter
    let passwords: Passwords
    let contactAddresses: ThirdPartyIDStore
    let emails: EmailValidator
    let passwordCheck: PasswordCheck
    let sessions: SessionStore
    let starter: SessionStarter
    let rates: RateLimits
    let auth: InteractiveAuth
    let removal: DeviceRemoval
    let userSearch: UserSearchStore
    let spreader: ProfileSpreader
    /// `nil`: people log in by their passwords only.
    let upstream: UpstreamLogins?
    let profileSetter: ProfileSetter
    let reports: ReportStore
    let noticeRooms: ServerNoticeRooms
    let delayedEvents: DelayedEventStore
    let accountMaker: AccountMaker
    let aliasResolver: AliasResolver
    let accountData: AccountDataReader
    let tags: RoomTags
    let reading: ReadingParts
    let activity: UserActivity

    /// - Parameter shardCount: over how many shards new rooms and users are placed.
    /// - Parameters:
    ///   - outboundClient: for servers that the operator names.
    ///   - egress: for servers that users name.
    package init(
        settings: ClientSettings, shardCount: Int, database: PostgresDatabase, writers: any WriterCommanding,
        hasher: PasswordHasher, outboundClient: HTTPClient, egress: HTTPClient, clock: WallClock, logger: Logger
    ) {
        self.settings = settings
        self.shardCount = shardCount
        self.clock = clock
        self.logger = logger
        self.database = database
        self.egress = egress
        accounts = AccountStore(database: database)
        devices = DeviceStore(database: database)
        profiles = ProfileStore(database: database)
        aliases = AliasStore(database: database)
        published = PublishedRooms(database: database)
        filters = FilterStore(database: database)
        registrationTokens = RegistrationTokenStore(database: database)
        let facts = RoomFacts(database: database)
        rooms = RoomPlacements(facts: facts)
        users = UserLocator(accounts: accounts)
        sender = CommandSender(writers: writers, rooms: rooms, users: users)
        activity = UserActivity(
            reporter: settings.isPresenceOn ? PresenceReporter(writers: writers, users: users, logger: logger) : nil)
        access = RoomAccess(facts: facts, rooms: rooms)
        memberships = MembershipWriter(sender: sender, profiles: profiles)
        passwords = Passwords(hasher: hasher)
        contactAddresses = ThirdPartyIDStore(database: database)
        emails = EmailValidator(
            mail: settings.email.map { ValidationMail(settings: $0, server: settings.server) },
            validations: EmailValidationStore(database: database), client: outboundClient,
            baseURL: settings.publicURL, clock: clock, logger: logger)
        rates = RateLimits(
            limits: settings.rateLimits, shared: RateBucketStore(database: database), local: LocalRateBuckets(),
            clock: clock)
        passwordCheck = PasswordCheck(
            accounts: accounts, addresses: contactAddresses, passwords: passwords, rates: rates,
            server: settings.server)
        sessions = SessionStore(database: database)
        keys = KeyStore(database: database)
        starter = SessionStarter(sessions: sessions, keys: keys, clock: clock)
        auth = InteractiveAuth(
            sessions: AuthSessionID(
                nonces: SignedNonce(
                    secret: settings.clusterSecret, purpose: "interactive auth", life: InteractiveAuth.sessionLife)),
            stages: AuthStageStore(database: database),
            checks: AuthStageChecks(
                passwords: passwordCheck, tokens: registrationTokens, emails: emails, rates: rates, clock: clock),
            accounts: accounts, terms: settings.registration.terms, baseURL: settings.publicURL, clock: clock)
        removal = DeviceRemoval(devices: devices, sender: sender, logger: logger)
        userSearch = UserSearchStore(database: database)
        spreader = ProfileSpreader(
            store: ProfileSpreadStore(database: database), profiles: profiles, access: access, sender: sender,
            logger: logger)
        profileSetter = ProfileSetter(profiles: profiles, search: userSearch, spreader: spreader)
        reports = ReportStore(database: database)
        noticeRooms = ServerNoticeRooms(database: database)
        delayedEvents = DelayedEventStore(database: database)
        accountMaker = AccountMaker(
            accounts: accounts, passwords: passwords, starter: starter, clock: clock, shardCount: shardCount)
        upstream = settings.provider.map { provider in
            UpstreamLogins(provider, settings, database, by: outboundClient, clock: clock, logger: logger)
        }
        let accountDataStore = AccountDataStore(database: database)
        accountData = AccountDataReader(store: accountDataStore)
        tags = RoomTags(store: accountDataStore, sender: sender)
        reading = ReadingParts(database: database, placements: rooms)
        aliasResolver = AliasResolver(aliases: aliases, server: settings.server)
    }

    var registrationNonces: SignedNonce {
        SignedNonce(
            secret: settings.clusterSecret, purpose: "shared-secret registration", life: SharedSecretRegister.nonceLife)
    }

    var pushRules: PushRuleReader { PushRuleReader(store: accountData.store, sender: sender) }

    var pushers: PusherStore { PusherStore(database: database) }

    var unsubscribeLinks: UnsubscribeLinks {
        UnsubscribeLinks(publicURL: settings.publicURL, secret: settings.clusterSecret)
    }

    var pushContexts: PushContexts {
        PushContexts(facts: access.facts, pushFacts: PushFactStore(database: database))
    }

    var keyBackups: KeyBackups { KeyBackups(store: KeyBackupStore(database: database)) }

    var dehydratedDevices: DehydratedDevices {
        DehydratedDevices(
            store: DehydratedDeviceStore(database: database), removal: removal, sender: sender, clock: clock)
    }

    var waitingMessages: ToDeviceStore { ToDeviceStore(database: database) }

    var openIDTokens: AccountTokenStore { AccountTokenStore(database: database, purpose: .openID) }

    var loginTokens: LoginTokens {
        LoginTokens(store: AccountTokenStore(database: database, purpose: .login), accounts: accounts, clock: clock)
    }

    var guestAccounts: GuestAccounts {
        GuestAccounts(
            policy: settings.registration, server: settings.server, callers: Callers(database: database),
            accounts: accounts, maker: accountMaker)
    }

    var oauth: OAuthServer {
        OAuthServer(
            baseURL: settings.publicURL, clients: OAuthClientStore(database: database),
            codes: OAuthCodeStore(database: database),
            deviceRequests: OAuthDeviceRequestStore(database: database), accounts: accounts, starter: starter,
            removal: removal, clock: clock)
    }

    var rendezvous: MeetingPlaces {
        MeetingPlaces(
            store: RendezvousStore(database: database), rates: rates, needsLogin: settings.rendezvousNeedsLogin,
            baseURL: settings.publicURL, clock: clock)
    }

    private var identity: IdentityServers {
        IdentityServers(
            server: settings.server, key: settings.signingKey, client: egress, scheme: settings.serverScheme,
            logger: logger)
    }

    var binder: ContactBinder {
        ContactBinder(identity: identity, bindings: IdentityBindingStore(database: database), clock: clock)
    }

    var thirdPartyInviter: ThirdPartyInviter {
        ThirdPartyInviter(
            identity: identity, access: access, previews: previews, profiles: profiles, sender: sender, rates: rates)
    }

    private var leaves: QuietLeaves { QuietLeaves(sender: sender, logger: logger) }

    /// Runs beside the endpoints, step by step.
    package var accountCleaner: AccountCleaner {
        AccountCleaner(
            store: AccountCleanupStore(database: database), removal: removal, leaves: leaves, sender: sender,
            clock: clock)
    }

    /// Runs beside the endpoints, step by step.
    package var guestRemover: GuestRemover {
        GuestRemover(store: GuestCheckStore(database: database), access: access, leaves: leaves, clock: clock)
    }

    var contacts: ContactAdder {
        ContactAdder(validator: emails, addresses: contactAddresses, auth: auth, clock: clock)
    }

    var emailRequests: EmailRequests { EmailRequests(validator: emails, addresses: contactAddresses, rates: rates) }

    var loginPages: LoginPages {
        LoginPages(
            browsers: BrowserSessions(
                store: AccountTokenStore(database: database, purpose: .browser), secret: settings.clusterSecret,
                isSecure: settings.publicURL.hasPrefix("https:"), clock: clock),
            server: settings.server, registration: settings.registration, check: passwordCheck, accounts: accounts,
            maker: accountMaker, rates: rates, provider: settings.provider)
    }

    var upstreamSignup: UpstreamSignup { UpstreamSignup(pages: loginPages) }

    var fallback: FallbackStage { FallbackStage(auth: auth, pages: loginPages) }

    var accountForms: AccountForms { AccountForms(pages: loginPages) }

    var moderated: ModeratedAccount { ModeratedAccount(accounts: accounts, server: settings.server) }

    var visibleEvents: VisibleEvents { VisibleEvents(reader: reading.reader, events: reading.events) }

    var stateEventReader: StateEventReader {
        StateEventReader(
            reader: reading.reader, history: reading.history, events: reading.events, served: reading.served)
    }

    var joiner: Joiner {
        Joiner(
            rooms: rooms, memberships: memberships, restricted: RestrictedJoin(access: access), succession: succession,
            thirdParty: ThirdPartyJoin(access: access, memberships: memberships), joinGuard: joinGuard)
    }

    var joinGuard: JoinGuard { JoinGuard(access: access, rates: rates) }

    /// Does the work that goes on between requests, until cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await spreader.run() }
            if let reporter = activity.reporter { group.addTask { await reporter.run() } }
        }
    }

    /// Does the work that waits in tables, until cancelled.
    func runSteps() async {
        let steps = [
            BackgroundSteps(name: "deactivated accounts", logger: logger, step: accountCleaner.step),
            BackgroundSteps(name: "guests", logger: logger, step: guestRemover.step),
        ]
        await withDiscardingTaskGroup { group in
            for work in steps { group.addTask { await work.run() } }
        }
    }

    var delays: DelayedEvents {
        DelayedEvents(store: delayedEvents, rooms: rooms, access: access, secret: settings.clusterSecret)
    }

    var messageDrafts: MessageDrafts {
        MessageDrafts(relations: RelationRules(relations: reading.relations), rates: rates)
    }

    var inviteGuard: InviteGuard { InviteGuard(accountData: accountData.store, rates: rates) }

    /// Tells users something in the name of the server.
    package var serverNotices: ServerNotices {
        ServerNotices(
            server: settings.server, shardCount: shardCount, genesis: genesis, rooms: noticeRooms, access: access,
            tags: tags, memberships: memberships, sender: sender, clock: clock)
    }

    var reporter: Reporter { Reporter(reports: reports, clock: clock) }

    var mutualRooms: MutualRoomReader { MutualRoomReader(facts: access.facts) }

    var previews: RoomPreviews { RoomPreviews(facts: access.facts) }

    var summaries: RoomSummaryReader { RoomSummaryReader(previews: previews, aliases: aliasResolver) }

    var directory: RoomDirectory { RoomDirectory(server: settings.server, published: published, previews: previews) }

    var genesis: RoomGenesis { RoomGenesis(server: settings.server, key: settings.signingKey) }

    var succession: RoomSuccession {
        RoomSuccession(access: access, store: accountData.store, tags: tags, sender: sender, logger: logger)
    }

    var upgrader: RoomUpgrader {
        RoomUpgrader(
            shardCount: shardCount, genesis: genesis, facts: access.facts, access: access,
            aliases: aliases, published: published, profiles: profiles, sender: sender, succession: succession,
            clock: clock, logger: logger)
    }

    var stateSetter: StateSetter {
        StateSetter(
            sender: sender, aliases: CanonicalAliasRule(aliases: aliases, access: access), server: settings.server,
            inviteGuard: inviteGuard, joinGuard: joinGuard, delays: delays, rates: rates)
    }

    var receiptSetter: ReceiptSetter {
        ReceiptSetter(
            rooms: rooms, access: access, visible: visibleEvents, sender: sender, clock: clock,
            relations: reading.relations)
    }

    var relationLister: RelationLister {
        RelationLister(
            visible: visibleEvents, relations: reading.relations, events: reading.events, served: reading.served,
            ignored: reading.ignored)
    }

    var threadSubscriptions: ThreadSubscriptions {
        ThreadSubscriptions(visible: visibleEvents, store: reading.threadSubscriptions, sender: sender)
    }

    var searchFinder: SearchFinder {
        SearchFinder(
            store: reading.search, reader: reading.reader, events: reading.events, relations: reading.relations,
            ignored: reading.ignored, erasure: reading.erasure)
    }

    var searchResults: SearchResults {
        SearchResults(
            pages: reading.pages, served: reading.served, lists: reading.lists, lazyMembers: reading.lazyMembers)
    }
}
