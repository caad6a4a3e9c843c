import Identifiers
import Logging
import Synchronization
import WorkerRuntime

// Every poll and every message says something of its user's presence. Most of it is known already: what is the same as a
// little while ago is not reported again, and what is reported goes by the batch, one command a shard and second. A report
// that is lost is made again by the device's next request.

/// Tells the owners of users' shards what this worker sees of their devices.
public final class PresenceReporter: Sendable {
    /// How long the same is not said again of a device.
    public static let repeatAfter = Duration.seconds(25)
    /// A device that says the same again after no longer than this goes on; later, it comes anew.
    public static let continuedFor = Duration.seconds(90)
    /// How often what has gathered is sent.
    public static let tick = Duration.seconds(1)
    /// Devices of which something waits to be sent; of more, nothing is said.
    public static let waitingMax = 20_000
    /// Devices remembered; beyond, the memory starts anew.
    public static let rememberedMax = 100_000

    private struct Key: Hashable {
        let user: UserID
        let device: DeviceID
        let origin: PresenceReport.Origin

        init(_ report: PresenceReport) {
            user = report.user
            device = report.device
            origin = report.origin
        }
    }

    private struct State {
        var waiting: [Key: PresenceReport] = [:]
        var said: [Key: (state: PresenceState, at: ContinuousClock.Instant)] = [:]
    }

    private let writers: any WriterCommanding
    private let users: UserLocator
    private let logger: Logger
    private let state = Mutex(State())

    public init(writers: any WriterCommanding, users: UserLocator, logger: Logger) {
        self.writers = writers
        self.users = users
        self.logger = logger
    }

    /// Has it reported soon, unless the same was said a little while ago.
    public func note(_ report: PresenceReport, at now: ContinuousClock.Instant = .now) {
        let key = Key(report)
        state.withLock { state in
            var report = report
            let age = state.said[key].flatMap { $0.state == report.state ? now - $0.at : nil }
            if let age, age < Self.repeatAfter { return }
            guard state.waiting.count < Self.waitingMax else { return }
            if age.map({ $0 > Self.continuedFor }) ?? true { report.activeAgo = nil }
            state.waiting[key] = report
            if state.said.count >= Self.rememberedMax { state.said = [:] }
            state.said[key] = (report.state, now)
        }
    }

    /// Sends what has gathered, again and again, until cancelled.
    public func run() async {
        await repeatUntilCancelled(every: Self.tick, pausesFirst: true) {
            await send()
        }
    }

    /// Sends what has gathered.
    package func send() async {
        let reports = state.withLock { state in
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        guard !reports.isEmpty else { return }
        do {
            let shards = try await users.shards(of: Array(Set(reports.map(\.user))))
            await withDiscardingTaskGroup { group in
                for (shard, reports) in Dictionary(grouping: reports, by: { shards[$0.user] }) {
                    guard let shard else { continue }
                    group.addTask { await self.send(reports, to: shard) }
                }
            }
        } catch {
            logger.debug("presence not reported", metadata: ["error": "\(error)"])
            forget(reports)
        }
    }

    private func send(_ reports: [PresenceReport], to shard: ShardID) async {
        for start in stride(from: 0, to: reports.count, by: WriterCommand.ReportPresence.reportsMax) {
            let part = Array(reports[start..<min(start + WriterCommand.ReportPresence.reportsMax, reports.count)])
            do {
                let reply = try await writers.execute(
                    .reportPresence(.init(reports: part)), id: .random(), in: shard)
                if case .done = reply { continue }
            } catch {
                logger.debug("presence not reported", metadata: ["error": "\(error)"])
            }
            forget(part)
        }
    }

    /// The devices' next requests say it again.
    private func forget(_ reports: [PresenceReport]) {
        state.withLock { state in
            for report in reports { state.said[Key(report)] = nil }
        }
    }
}
