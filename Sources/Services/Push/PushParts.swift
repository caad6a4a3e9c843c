import Identifiers
import Leases
import Logging
import OutboundHTTP
import Postgres
import ReplicationLog
import RoomReading
import Storage
import WorkerContracts

/// What a push worker is made of: its tail of the log, the parts it has, and what it sends with.
package final class PushParts: Sendable {
    package let tail: LogTail
    package let parts: PushPartitions
    let deliverer: PushDeliverer

    /// - Parameters:
    ///   - workers: the push workers there are now, this one among them.
    ///   - gateways: what gateways are reached with.
    ///   - mail: `nil`: this server sends no mail.
    ///   - mailServer: what the mail server is reached with.
    ///   - firstPause: how long it is waited after a first failure.
    package init(
        worker: WorkerID, database: any PostgresQuerying, workers: @escaping @Sendable () async -> Set<String>,
        gateways: HTTPClient, mail: MailDigestSettings? = nil, mailServer: HTTPClient,
        firstPause: Duration = PushDeliverer.firstPauseDefault, logger: Logger
    ) {
        let facts = RoomFacts(database: database)
        let accountData = AccountDataStore(database: database)
        let work = PushWorkStore(database: database)
        let events = EventStore(database: database)
        let contexts = PushContexts(facts: facts, pushFacts: PushFactStore(database: database))
        let tail = LogTail(database: database, logger: logger)
        self.tail = tail
        let follower = PartFollower(
            tail: tail, work: work, memberships: UserMembershipStore(database: database), accountData: accountData,
            judge: PushJudge(events: events, contexts: contexts), database: database, logger: logger)
        parts = PushPartitions(
            leases: JobLeases(worker: worker, database: database, secondsToLive: PushPartitions.secondsToLive),
            follower: follower, workers: workers, logger: logger)
        let pushed = PushedEvents(facts: facts, events: events, work: work)
        let totals = UnreadTotals(
            accountData: accountData, memberships: UserMembershipStore(database: database),
            counter: UnreadCounter(store: UnreadStore(database: database), contexts: contexts))
        deliverer = PushDeliverer(
            parts: parts, work: work, notices: PushNotices(events: pushed, totals: totals),
            gateways: PushGateways(client: gateways),
            mails: MailDigests(
                settings: mail, events: pushed, totals: totals, work: work, store: MailDigestStore(database: database),
                client: mailServer, clock: .system, logger: logger), firstPause: firstPause, logger: logger)
    }

    /// The longest it is waited for what is under way before parts are given up: less than their leases last.
    static let drainMax = Duration.seconds(2)

    /// Ends the work: what is under way is finished, as far as gateways answer in time, and others go on.
    package func drain() async {
        parts.stop()
        let giveUpAt = ContinuousClock.now + Self.drainMax
        while !(parts.isIdle && deliverer.isIdle), ContinuousClock.now < giveUpAt {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        await parts.releaseAll()
    }

    /// Follows the log for the parts it has, and sends what is due, until cancelled.
    ///
    /// - Throws: `LogFailure` for what this build does not understand.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [tail] in try await tail.run() }
            group.addTask { [parts] in await parts.run() }
            group.addTask { [deliverer] in await deliverer.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
