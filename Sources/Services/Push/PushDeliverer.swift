import Identifiers
import Logging
import Metrics
import Storage
import Synchronization
import WorkerRuntime

// Each pusher is served by a task of its own, one notification after the other: one whose gateway hangs waits by itself.
// How many are served at once is for PushPlaces to say.

/// Sends what waits for the pushers of the parts this worker has.
package final class PushDeliverer: Sendable {
    /// How often it is looked for what is due.
    static let tick = Duration.milliseconds(200)
    /// How long it is waited after a first failure; each further one doubles it.
    package static let firstPauseDefault = Duration.seconds(1)
    /// The longest it is waited.
    static let pauseMax = Duration.seconds(3_600)

    /// How often what is too much for pushers is dropped.
    static let trimInterval = Duration.seconds(60)

    private let parts: PushPartitions
    private let work: PushWorkStore
    private let notices: PushNotices
    private let gateways: PushGateways
    private let mails: MailDigests
    private let firstPause: Duration
    private let logger: Logger
    private let places = Mutex(PushPlaces())
    private let sent = Counter(label: "apus_pushes_total", dimensions: [("outcome", "taken")])
    private let rejected = Counter(label: "apus_pushes_total", dimensions: [("outcome", "rejected")])
    private let failed = Counter(label: "apus_pushes_total", dimensions: [("outcome", "failed")])

    init(
        parts: PushPartitions, work: PushWorkStore, notices: PushNotices, gateways: PushGateways, mails: MailDigests,
        firstPause: Duration, logger: Logger
    ) {
        self.parts = parts
        self.work = work
        self.notices = notices
        self.gateways = gateways
        self.mails = mails
        self.firstPause = firstPause
        self.logger = logger
    }

    /// Sends until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.trim() }
            while !Task.isCancelled {
                do {
                    for pusher in try await due() where take(pusher) {
                        group.addTask {
                            await self.serve(pusher)
                            self.places.withLock { $0.giveBack(pusher.id) }
                        }
                    }
                } catch {
                    logger.warning("pushes not looked for", metadata: ["error": "\(error)"])
                }
                // Cancellation ends the wait and with it the loop.
                try? await Task.sleep(for: Self.tick)
            }
            group.cancelAll()
        }
    }

    /// Keeps what waits for pushers that are not due for long within bounds.
    private func trim() async {
        await repeatUntilCancelled(every: Self.trimInterval, pausesFirst: true) {
            do {
                try await work.trim(parts.served)
            } catch {
                logger.warning("what waits for pushers not bounded", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Whether nothing is being sent.
    var isIdle: Bool { places.withLock { $0.taken.isEmpty } }

    private func due() async throws -> [WorkingPusher] {
        let taken = places.withLock { $0.taken }
        return try await work.due(
            in: parts.served, perGateway: PushPlaces.perGatewayMax, mailDelay: mails.delay, but: taken)
    }

    /// Takes a place for a pusher, if there is one.
    private func take(_ pusher: WorkingPusher) -> Bool {
        let gateway = pusher.pusher.gateway
        return places.withLock { $0.take(pusher.id, of: gateway, isFailing: pusher.isFailing) }
    }

    private func serve(_ due: WorkingPusher) async {
        var pusher = due
        do {
            try await work.tidy(pusher)
            guard pusher.pusher.kind == .http else {
                guard try await !mails.serve(pusher) else { return }
                return try await work.failed(pusher.id, first: firstPause, most: Self.pauseMax)
            }
            for delivery in try await work.deliveries(of: pusher.id) {
                guard parts.isServed(pusher.pusher.part), try await send(delivery, to: &pusher) else { return }
            }
        } catch {
            // It is due still, and looked for again.
            logger.notice("pushes of somebody wait", metadata: ["error": "\(error)"])
        }
    }

    /// - Returns: whether the next may be sent.
    private func send(_ delivery: PushDelivery, to pusher: inout WorkingPusher) async throws -> Bool {
        guard let notice = try await notices.notice(of: delivery, to: pusher) else {
            try await work.done(delivery)
            return true
        }
        switch await gateways.send(notice.body, to: pusher.pusher) {
        case .taken:
            sent.increment()
            try await work.done(delivery, badge: notice.badge)
            pusher.badge = notice.badge
            return true
        case .rejected:
            rejected.increment()
            try await work.reject(pusher)
            return false
        case .failed(let reason):
            failed.increment()
            logger.info("a push gateway did not take a notification", metadata: ["reason": "\(reason)"])
            try await work.failed(pusher.id, first: firstPause, most: Self.pauseMax)
            return false
        }
    }
}
