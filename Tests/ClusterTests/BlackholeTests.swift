import ClusterHarness
import Foundation
import Identifiers
import OutboundHTTP
import Synchronization
import TestSupport
import Testing

extension ClusterSuite {
    @Suite struct BlackholeTests {
        static let clients = 2_000
        static let filesMax = 512
        static let silence = Duration.seconds(60)
        /// The longest anybody may wait for an answer: the queue's bound and what the database may take.
        static let answerMax = Duration.seconds(10)
        /// The same of first syncs, which may wait 20 s for a place.
        static let firstSyncMax = Duration.seconds(28)
        static let probeMax = Duration.seconds(1)

        @Test(.timeLimit(.minutes(5))) func aSilentDatabaseIsAnsweredWithBoundedRefusals() async throws {
            let proxy = Mutex<TCPProxy?>(nil)
            let proxyURL: @Sendable (String) throws -> String = { url in
                let made = try TCPProxy(to: DatabaseAddress.port(of: url))
                proxy.withLock { $0 = made }
                return DatabaseAddress.replacingPort(of: url, with: made.port)
            }
            let shape = ClusterShape(settings: ["limits.open_files_max": "\(Self.filesMax)"], databaseURL: proxyURL)
            try await Cluster.with(shape) { cluster in
                let proxy = try #require(proxy.withLock { $0 })
                try await Self.outage(proxy, cluster)
            }
            proxy.withLock { $0?.stop() }
        }

        private static func outage(_ proxy: TCPProxy, _ cluster: Cluster) async throws {
            let crowd = try await Crowd.gather(rooms: 10, membersEach: 2, in: cluster)
            let knockers = try await Population.make(
                clients, named: "knocker", on: cluster.server, in: cluster.database)
            let baseline = await chat(crowd, "before", for: .seconds(5))
            let knocks = Knocks()
            let health = Health()
            let stop = StopSign()
            async let knocking = OpenLoop(perSecond: 200).run(for: .seconds(120), until: stop) { number, intended in
                await knocks.knock(knockers[number % knockers.count], number, intended, cluster)
            }
            async let watching: Void = health.watch(try cluster.status().workers, cluster, until: stop)
            try await Task.sleep(for: .seconds(2))
            proxy.blackhole()
            let during = await chat(crowd, "during", for: silence)
            proxy.release()
            let healedAt = ContinuousClock.now
            try await wait(for: "sends to go through again", within: .seconds(30)) {
                (try? await crowd.clients[0].send(
                    "probe", to: crowd.rooms[0].room, transaction: "\(ContinuousClock.now)")) != nil
            }
            let back = healedAt.duration(to: .now)
            try await Task.sleep(until: healedAt + .seconds(5))
            let after = await chat(crowd, "after", for: .seconds(5))
            stop.raise()
            let dropped = await knocking
            try await watching
            let stored = try await StoredCluster.read(cluster, rooms: crowd.roomIDs)
            let lost = crowd.recorder.record.acknowledged.count { stored.events[$0.event] == nil }
            print(
                "scenario=blackhole \(during.figures) back=\(back.inMilliseconds) baseline_p99=\(baseline.p99.inMilliseconds) "
                    + "after_p99=\(after.p99.inMilliseconds) knocks=\(knocks.figures) dropped=\(dropped) "
                    + "\(health.figures) lost=\(lost)")
            #expect(lost == 0)
            #expect(knocks.wrong == [])
            #expect(knocks.latency.max < answerMax, "\(knocks.figures)")
            #expect(knocks.firstSyncs.max < firstSyncMax, "\(knocks.figures)")
            #expect(dropped == 0)
            #expect(health.failures == [])
            #expect(health.latency.max < probeMax)
            #expect(health.filesMax <= filesMax)
            #expect(back < .seconds(5))
            #expect(
                after.p99 < max(baseline.p99 * 2, .milliseconds(250)), "\(after.figures), before \(baseline.figures)")
            let log = cluster.logTail(bytes: 50_000_000)
            #expect(!log.contains("EMFILE") && !log.contains("Too many open files"))
        }

        private static func chat(_ crowd: Crowd, _ prefix: String, for duration: Duration) async -> LatencyRecorder {
            let latency = LatencyRecorder()
            _ = await OpenLoop(perSecond: 10).run(for: duration) { number, intended in
                let room = crowd.rooms[number % crowd.rooms.count]
                // Failed ones count with the time they took; what was acknowledged is on record.
                _ = try? await room.members[0].send("x", to: room.room, transaction: "\(prefix)\(number)")
                latency.record(intended.duration(to: .now))
            }
            return latency
        }
    }
}

/// Requests of many who want in, and how they were answered.
private final class Knocks: Sendable {
    private struct State {
        var statuses: [Int: Int] = [:]
        var wrong: [String] = []
    }

    let latency = LatencyRecorder()
    let firstSyncs = LatencyRecorder()
    private let state = Mutex(State())

    var wrong: [String] { state.withLock { $0.wrong } }
    var figures: String {
        let statuses = state.withLock { $0.statuses }.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
        return "\(statuses.joined(separator: ",")) knock_p99=\(latency.p99.inMilliseconds) "
            + "knock_max=\(latency.max.inMilliseconds) first_sync_max=\(firstSyncs.max.inMilliseconds)"
    }

    func knock(_ session: ChatSession, _ number: Int, _ intended: ContinuousClock.Instant, _ cluster: Cluster) async {
        let path =
            switch number % 3 {
            case 0: "/_matrix/client/v3/sync?timeout=0"
            case 1: "/_matrix/client/v3/account/whoami"
            default: "/_matrix/client/v3/joined_rooms"
            }
        do {
            let answer = try await cluster.router.answer("GET", path, token: session.token)
            (number % 3 == 0 ? firstSyncs : latency).record(intended.duration(to: .now))
            note(answer, path)
        } catch {
            note("\(path): \(error)")
        }
    }

    private func note(_ answer: HTTPResponse, _ path: String) {
        state.withLock { $0.statuses[answer.status, default: 0] += 1 }
        switch answer.status {
        case 200: break
        case 429, 503:
            if answer.head.header("retry-after") == nil { note("\(path): \(answer.status) without Retry-After") }
        default: note("\(path): \(answer.status)")
        }
    }

    private func note(_ what: String) {
        state.withLock { if $0.wrong.count < 20 { $0.wrong.append(what) } }
    }
}

/// Asks every worker's operations port again and again.
private final class Health: Sendable {
    private struct State {
        var failures: [String] = []
        var filesMax = 0
    }

    let latency = LatencyRecorder()
    private let state = Mutex(State())

    var failures: [String] { state.withLock { $0.failures } }
    var filesMax: Int { state.withLock { $0.filesMax } }
    var figures: String {
        "health_max=\(latency.max.inMilliseconds) files_max=\(filesMax) health_failures=\(failures.count)"
    }

    func watch(_ workers: [ClusterStatus.Worker], _ cluster: Cluster, until stop: StopSign) async throws {
        while !stop.isUp {
            for worker in workers {
                if let files = ProcessFigures(pid: worker.pid)?.openFiles {
                    state.withLock { $0.filesMax = max($0.filesMax, files) }
                }
                for path in ["/live", "/metrics"] { await probe(worker, path, cluster) }
            }
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    private func probe(_ worker: ClusterStatus.Worker, _ path: String, _ cluster: Cluster) async {
        let startedAt = ContinuousClock.now
        let operations = Homeserver(baseURL: "http://\(worker.operationsAddress)", http: cluster.http)
        do {
            let answer = try await operations.answer("GET", path, within: .seconds(5))
            latency.record(startedAt.duration(to: .now))
            if answer.status != 200 { note("\(worker.id) \(path): \(answer.status)") }
        } catch {
            note("\(worker.id) \(path): \(error)")
        }
    }

    private func note(_ what: String) {
        state.withLock { if $0.failures.count < 20 { $0.failures.append(what) } }
    }
}
