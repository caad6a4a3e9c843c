import Identifiers
import Logging
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
    let accounts: AccountStore
    let devices: DeviceStore
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
    let passwordCheck: PasswordCheck
    let starter: SessionStarter
    let attempts: LoginAttempts
    let auth: InteractiveAuth
    let removal: DeviceRemoval
    let userSearch: UserSearchStore
    let spreader: ProfileSpreader
    let profileSetter: ProfileSetter
    let reports: ReportStore
    let noticeRooms: ServerNoticeRooms
    let delayedEvents: DelayedEventStore
    let accountMaker: AccountMaker
    let aliasResolver: AliasResolver
    let accountData: AccountDataReader
    let tags: RoomTags
    let reading: ReadingParts

    /// - Parameter shardCount: over how many shards new rooms and users are placed.
    package init(
        settings: ClientSettings, shardCount: Int, database: PostgresDatabase, writers: any WriterCommanding,
        hasher: PasswordHasher, clock: WallClock, logger: Logger
    ) {
        self.settings = settings
        self.shardCount = shardCount
        self.clock = clock
        self.logger = logger
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
        access = RoomAccess(facts: facts, rooms: rooms)
        memberships = MembershipWriter(sender: sender, profiles: profiles)
        passwords = Passwords(hasher: hasher)
        passwordCheck = PasswordCheck(accounts: accounts, passwords: passwords, server: settings.server)
        starter = SessionStarter(sessions: SessionStore(database: database), clock: clock)
        attempts = LoginAttempts()
        auth = InteractiveAuth(
            nonces: SignedNonce(
                secret: settings.clusterSecret, purpose: "interactive auth", life: InteractiveAuth.sessionLife),
            clock: clock)
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

    var visibleEvents: VisibleEvents { VisibleEvents(reader: reading.reader, events: reading.events) }

    var stateEventReader: StateEventReader {
        StateEventReader(
            reader: reading.reader, history: reading.history, events: reading.events, served: reading.served)
    }

    var joiner: Joiner {
        Joiner(
            rooms: rooms, memberships: memberships, restricted: RestrictedJoin(access: access), succession: succession,
            thirdParty: ThirdPartyJoin(access: access, memberships: memberships))
    }

    /// Does the work that goes on between requests, until cancelled.
    package func run() async { await spreader.run() }

    var delays: DelayedEvents {
        DelayedEvents(store: delayedEvents, rooms: rooms, access: access, secret: settings.clusterSecret)
    }

    var inviteGuard: InviteGuard { InviteGuard(accountData: accountData.store) }

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
            inviteGuard: inviteGuard, delays: delays)
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

    var searchFinder: SearchFinder {
        SearchFinder(
            store: reading.search, reader: reading.reader, events: reading.events, ignored: reading.ignored)
    }

    var searchResults: SearchResults {
        SearchResults(
            pages: reading.pages, served: reading.served, lists: reading.lists, lazyMembers: reading.lazyMembers)
    }
}
