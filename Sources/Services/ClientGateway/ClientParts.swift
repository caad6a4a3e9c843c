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
    let accounts: AccountStore
    let devices: DeviceStore
    let profiles: ProfileStore
    let aliases: AliasStore
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
    let profileSetter: ProfileSetter
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
        accounts = AccountStore(database: database)
        devices = DeviceStore(database: database)
        profiles = ProfileStore(database: database)
        aliases = AliasStore(database: database)
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
        profileSetter = ProfileSetter(profiles: profiles, access: access, sender: sender, logger: logger)
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
            rooms: rooms, memberships: memberships, restricted: RestrictedJoin(access: access))
    }

    var stateSetter: StateSetter {
        StateSetter(
            sender: sender, aliases: CanonicalAliasRule(aliases: aliases, access: access), server: settings.server)
    }

    var receiptSetter: ReceiptSetter {
        ReceiptSetter(rooms: rooms, access: access, visible: visibleEvents, sender: sender, clock: clock)
    }
}
