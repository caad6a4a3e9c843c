import ClusterHarness
import Identifiers
import Postgres
import TestSupport
import Testing

extension ClusterSuite {
    @Suite struct DelayedEventKillTests {
        static let users = 10
        /// As many as one user may have waiting.
        static let eventsEach = 100
        /// The first is due when all are scheduled, the last this much later.
        static let delay = Duration.seconds(20)
        static let spread = Duration.seconds(25)
        /// Who schedules and who sends.
        static let kinds = ["room-writer", "client"]
        static let firedMax = Duration.seconds(60)

        @Test(.timeLimit(.minutes(5))) func delayedEventsFireOnceEachWhileWorkersAreKilled() async throws {
            try await Cluster.with { cluster in
                let crowd = try await Crowd.gather(rooms: Self.users, membersEach: 1, in: cluster)
                try await Self.schedule(crowd)
                let waiting = try await Self.figures(cluster)
                #expect(waiting.waiting == Self.users * Self.eventsEach)

                let kills = try await Self.killUntilFired(cluster)
                let figures = try await Self.figures(cluster)
                print("scenario=delayed-kill kills=\(kills) \(figures)")
                #expect(kills >= Self.kinds.count * 2)
                #expect(figures.sent == Self.users * Self.eventsEach)
                #expect(figures.events == Self.users * Self.eventsEach, "\(figures)")
                #expect(figures.texts == Self.users * Self.eventsEach, "\(figures)")
                #expect(figures.earliestLag >= .zero, "\(figures)")
            }
        }

        /// Each user schedules theirs, due one after the other.
        private static func schedule(_ crowd: Crowd) async throws {
            let startedAt = ContinuousClock.now
            let rooms = crowd.rooms
            try await forEach(Array(0..<users * eventsEach), atMost: 16) { number in
                let room = rooms[number % rooms.count]
                let dueAt = startedAt + delay + spread * number / (users * eventsEach)
                _ = try await room.members[0].send(
                    "later \(number)", to: room.room, transaction: "later\(number)",
                    after: ContinuousClock.now.duration(to: dueAt))
            }
            #expect(startedAt.duration(to: .now) < delay, "the first were due before the last were scheduled")
        }

        /// Kills workers one after the other until nothing waits any more.
        private static func killUntilFired(_ cluster: Cluster) async throws -> Int {
            try await wait(for: "the first to be sent", within: delay + firedMax) {
                try await figures(cluster).sent > 0
            }
            let giveUpAt = ContinuousClock.now + spread + firedMax
            var kills = 0
            while try await figures(cluster).waiting > 0 {
                try #require(ContinuousClock.now < giveUpAt, "not all were sent in time")
                try await kill(kinds[kills % kinds.count], in: cluster)
                kills += 1
            }
            return kills
        }

        /// Kills a worker, and waits until another has taken its place.
        private static func kill(_ kind: String, in cluster: Cluster) async throws {
            let workers = try await cluster.status().ready(kind)
            guard let victim = workers.randomElement() else { throw ClusterFailure.noWorker(kind) }
            cluster.killWorker(victim)
            try await wait(for: "\(kind) to be back", within: .seconds(30)) {
                let now = try await cluster.status().ready(kind)
                return now.count == workers.count && !now.contains { $0.pid == victim.pid }
            }
        }

        /// What has become of the events, and how late they were.
        struct Figures: Sendable, CustomStringConvertible {
            var waiting: Int
            var sent: Int
            /// Events in the rooms that are such messages, and how many different texts they have.
            var events: Int
            var texts: Int
            var earliestLag: Duration
            var medianLag: Duration
            var p99Lag: Duration
            var latestLag: Duration

            var description: String {
                "waiting=\(waiting) sent=\(sent) events=\(events) texts=\(texts) "
                    + "lag_min=\(earliestLag.inMilliseconds) lag_p50=\(medianLag.inMilliseconds) "
                    + "lag_p99=\(p99Lag.inMilliseconds) lag_max=\(latestLag.inMilliseconds)"
            }
        }

        private static func figures(_ cluster: Cluster) async throws -> Figures {
            let delays = try await cluster.database.query(
                """
                SELECT count(*) FILTER (WHERE d.phase < 2) AS waiting, count(*) FILTER (WHERE d.phase = 2) AS sent,
                       coalesce(min(late.ms), 0) AS least, coalesce(max(late.ms), 0) AS most,
                       coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY late.ms), 0) AS median,
                       coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY late.ms), 0) AS p99
                  FROM delayed_event AS d
                  LEFT JOIN event AS e ON e.event_id = d.event_id
                 CROSS JOIN LATERAL (
                       SELECT (e.received_us / 1000.0 - extract(epoch FROM d.due_at) * 1000)::bigint AS ms) AS late
                """)
            let events = try await cluster.database.query(
                """
                SELECT count(*) AS events, count(DISTINCT body) AS texts
                  FROM (SELECT convert_from(json, 'UTF8')::json -> 'content' ->> 'body' AS body
                          FROM event WHERE type = 'm.room.message'::bytea) AS message
                 WHERE body LIKE 'later %'
                """)
            let row = delays[0]
            return Figures(
                waiting: Int(try row.int64("waiting")), sent: Int(try row.int64("sent")),
                events: Int(try events[0].int64("events")), texts: Int(try events[0].int64("texts")),
                earliestLag: .milliseconds(try row.int64("least")), medianLag: .milliseconds(try row.int64("median")),
                p99Lag: .milliseconds(try row.int64("p99")), latestLag: .milliseconds(try row.int64("most")))
        }
    }
}
