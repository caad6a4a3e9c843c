import HTTPServer
import Logging
import MatrixHTTP
import Postgres
import ReplicationLog
import Storage
import WorkerContracts

/// What the sync worker is made of: its tail of the log, what it remembers, and what goes on beside requests.
package final class SyncParts: Sendable {
    package let tail: LogTail
    package let callers: Callers
    private let polls = ParkedPolls()
    let typing = TypingBoard()
    let readers: RoomReaders
    let inbox: ToDeviceInbox
    let filters: FilterSource
    let runner: SyncRunner
    let sliding: SlidingServer
    private let connections: SlidingConnections
    /// Places for first and full-state syncs.
    package let initialPlaces: Admission
    package let bytesInFlight: BytesInFlight
    let pace: BytePace
    /// `nil`: presence is off.
    let devicePresence: DevicePresence?
    let activity: UserActivityStore
    private let placer: PresencePlacer
    private let deviceListPlacer: DeviceListPlacer
    private let tokenChecks: TokenChecks

    /// - Parameters:
    ///   - isStateSharingOn: whether one build of a room's state serves every caller.
    ///   - isPresenceOn: whether anybody is told who is there.
    package init(
        database: any PostgresQuerying, writers: any WriterCommanding, isStateSharingOn: Bool,
        initialPlaces: Admission = Admission(.initialSync), bytesInFlight: BytesInFlight = BytesInFlight(),
        pace: BytePace = BytePace(), isPresenceOn: Bool = true, logger: Logger
    ) {
        callers = Callers(database: database)
        let memberships = UserMembershipStore(database: database)
        let accounts = AccountStore(database: database)
        let users = UserRoomsMemory(store: memberships, accounts: accounts)
        let board = PresenceBoard()
        let overviews = RoomOverviewMemory(store: RoomOverviewStore(database: database))
        let preferences = UserPreferencesMemory(store: AccountDataStore(database: database))
        let stocks = KeyStockMemory(store: KeyStockStore(database: database))
        let deviceLists = DeviceListStore(database: database)
        let (polls, typing) = (polls, typing)
        let deviceListPlacer = DeviceListPlacer(polls: polls, users: users, logger: logger)
        self.deviceListPlacer = deviceListPlacer
        // A poll that is woken looks from the tail's cut: it must be there by then.
        tail = LogTail(
            database: database, logger: logger,
            onUpdate: { update in
                users.apply(update)
                preferences.apply(update)
                overviews.apply(update)
                stocks.apply(update)
            },
            onVisible: { update in
                polls.apply(update)
                board.apply(update)
                deviceListPlacer.apply(update)
            })
        readers = RoomReaders(database: database, isStateSharingOn: isStateSharingOn)
        inbox = ToDeviceInbox(store: ToDeviceStore(database: database), writers: writers, logger: logger)
        filters = FilterSource(store: FilterStore(database: database))
        self.initialPlaces = initialPlaces
        self.bytesInFlight = bytesInFlight
        self.pace = pace
        let finder = ChangeFinder(
            tail: tail, activity: RoomActivityStore(database: database), deviceLists: deviceLists)
        let encryption = EncryptionFinder(lists: DeviceListFinder(store: deviceLists, users: users), stocks: stocks)
        let sections = SectionFinder(
            readers: readers, finder: finder, memberships: memberships, typing: typing, inbox: inbox,
            presence: isPresenceOn ? PresenceFinder(board: board) : nil, encryption: encryption)
        let longPoll = LongPoll(tail: tail, users: users, polls: polls, callers: callers)
        runner = SyncRunner(
            polls: longPoll,
            composer: SyncComposer(
                readers: readers, sections: sections, users: users, toldMembers: ToldMembers(), preferences: preferences
            ),
            metrics: SyncMetrics())
        let reporter = PresenceReporter(writers: writers, users: UserLocator(accounts: accounts), logger: logger)
        devicePresence = isPresenceOn ? DevicePresence(board: board, reporter: reporter) : nil
        connections = SlidingConnections(store: SlidingConnectionStore(database: database), logger: logger)
        sliding = SlidingServer(
            runner: SlidingRunner(
                polls: longPoll,
                composer: SlidingComposer(
                    readers: readers,
                    lists: SlidingLists(
                        overviews: overviews, memberships: memberships, accountData: readers.accountData,
                        facts: RoomFacts(database: database)),
                    finder: finder, transitions: MembershipTransitions(store: memberships),
                    extensions: SlidingExtensionComposer(
                        readers: readers, typing: typing, inbox: inbox, encryption: encryption), users: users,
                    preferences: preferences),
                connections: connections, told: ToldMembers()), presence: devicePresence)
        activity = UserActivityStore(database: database)
        placer = PresencePlacer(board: board, polls: polls, users: users, tail: tail, logger: logger)
        tokenChecks = TokenChecks(polls: polls, callers: callers, logger: logger)
    }

    /// How often a room's whole state was built.
    package var stateBuilds: Int { readers.states.builds }

    /// The most polls of one user.
    package static let pollsPerUserMax = ParkedPolls.pollsPerUserMax

    /// Polls that wait or are being answered.
    package var pollCount: Int { polls.count }

    /// Answers all waiting polls, spread over `duration`; from now on none waits.
    package func drain(over duration: Duration) async { await polls.drain(over: duration) }

    /// Takes what a room-writer's feed says.
    package func apply(_ event: FeedEvent) {
        if case .message(.shardMoved, _) = event { tail.hint() }
        polls.applyTyping(in: typing.apply(event))
        devicePresence?.board.apply(event)
    }

    /// Follows the log and looks after waiting polls until cancelled.
    ///
    /// - Throws: `LogFailure` for what this build does not understand.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [tail] in try await tail.run() }
            group.addTask { [tokenChecks] in await tokenChecks.run() }
            group.addTask { [inbox] in await inbox.run() }
            group.addTask { [connections] in await connections.run() }
            group.addTask { [deviceListPlacer] in await deviceListPlacer.run() }
            if let devicePresence {
                group.addTask { await devicePresence.reporter.run() }
                group.addTask { [placer] in await placer.run() }
            }
            group.addTask { [polls] in
                while true {
                    try await Task.sleep(for: ParkedPolls.tick)
                    polls.expire()
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
