import CanonicalJSON
import ClusterHarness
import Identifiers
import Synchronization
import TestSupport
import Testing

extension ClusterSuite {
    /// What reaches push gateways that answer, fail, hang and reject while push workers are killed.
    @Suite struct PushDeliveryTests {
        static let rooms = 6
        static let membersEach = 4
        /// Fewer than wait for a pusher at most.
        static let messages = 40
        static let pause = Duration.milliseconds(400)
        /// Messages before the first worker is killed.
        static let quietMessages = 10
        static let kills = 3
        /// Half of what a gateway that hangs is waited for.
        static let undelayedMax = Duration.seconds(5)
        static let movedMax = Duration.seconds(10)
        static let caughtUpMax = Duration.seconds(120)

        /// A message, and who is to be told of it.
        struct Sent: Sendable {
            let event: String
            let keys: Set<String>
            let at: ContinuousClock.Instant
        }

        @Test(.timeLimit(.minutes(6))) func eachEventReachesEachPusherWhileWorkersAreKilled() async throws {
            let seed = KillTests.seed
            try await PushGatewayStub.with([.takes, .fails, .hangs, .rejects(nil)]) { gateways in
                let shape = ClusterShape(push: 3, settings: ["push.allow_private_gateways": "true"])
                try await Cluster.with(shape) { cluster in
                    let crowd = try await Crowd.gather(
                        rooms: Self.rooms, membersEach: Self.membersEach, in: cluster)
                    try await Self.setPushers(of: crowd, to: gateways)
                    let sent = Mutex<[Sent]>([])
                    async let moves = Self.kill(cluster, seed) { sent.withLock { $0.count } }
                    try await Self.chat(crowd) { one in sent.withLock { $0.append(one) } }
                    let moved = try await moves
                    let all = sent.withLock { $0 }
                    try await Self.waitUntilTold(all, gateways[0], "the gateway that takes all")
                    let (quiet, whole) = Self.delays(all, gateways[0])
                    // What failed and what hung comes, once they answer.
                    for (index, name) in [(1, "that failed"), (2, "that hung")] {
                        gateways[index].answer(.takes)
                        try await Self.waitUntilTold(all, gateways[index], "the gateway \(name)")
                    }
                    try await Self.expectRejected(crowd, gateways[3])
                    let doubled = gateways[0].told.count - all.reduce(0) { $0 + $1.keys.count }
                    print(
                        "scenario=push seed=\(seed) kills=\(moved.count) moved_max=\(moved.max.inMilliseconds)"
                            + " told=\(gateways[0].told.count) doubled=\(doubled)"
                            + " undisturbed: \(quiet.figures) all: \(whole.figures)")
                    #expect(moved.count == Self.kills && moved.max < Self.movedMax, "seed \(seed)")
                    #expect(quiet.max < Self.undelayedMax, "nobody waits for the gateways that hang and fail")
                    #expect(whole.max < Self.movedMax + Self.undelayedMax)
                }
            }
        }

        /// Every member but the first of each room has a pusher at each gateway.
        private static func setPushers(of crowd: Crowd, to gateways: [PushGatewayStub]) async throws {
            try await forEach(crowd.rooms.flatMap { $0.members.dropFirst() }, atMost: 8) { reader in
                for (number, gateway) in gateways.enumerated() {
                    _ = try await reader.homeserver.call(
                        "POST", "/_matrix/client/v3/pushers/set",
                        [
                            "app_id": .string("app\(number)"), "pushkey": .string(reader.user.rawValue),
                            "kind": "http", "app_display_name": "App", "device_display_name": "Phone", "lang": "en",
                            "data": ["url": .string(gateway.url), "format": "event_id_only"],
                        ], token: reader.session.token)
                }
            }
        }

        private static func chat(_ crowd: Crowd, _ note: @escaping @Sendable (Sent) -> Void) async throws {
            for number in 0..<messages {
                try await forEach(crowd.rooms, atMost: rooms) { room in
                    let at = ContinuousClock.now
                    let event = try await room.members[0].send("hello", to: room.room, transaction: "\(number)")
                    let keys = room.members.dropFirst().map(\.user.rawValue)
                    note(Sent(event: event.rawValue, keys: Set(keys), at: at))
                }
                try await Task.sleep(for: pause)
            }
        }

        /// Kills push workers; how long until others had what they had.
        private static func kill(
            _ cluster: Cluster, _ seed: UInt64, _ sentCount: @Sendable () -> Int
        ) async throws -> LatencyRecorder {
            var random = SeededRandom(seed: seed)
            let moved = LatencyRecorder()
            try await wait(for: "the first messages", within: .seconds(60)) { sentCount() >= quietMessages * rooms }
            for _ in 0..<kills {
                let owned = try await parts(cluster)
                guard let owner = Set(owned.values).sorted().randomElement(using: &random),
                    let victim = try await cluster.status().ready("push").first(where: { owner.hasPrefix($0.id) })
                else { throw ClusterFailure.noWorker("push") }
                let killedAt = ContinuousClock.now
                cluster.killWorker(victim)
                try await wait(for: "its parts to be somebody else's", within: .seconds(30)) {
                    let now = try await parts(cluster)
                    return owned.allSatisfy { $1 != owner || now[$0] ?? owner != owner }
                }
                moved.record(killedAt.duration(to: .now))
            }
            return moved
        }

        /// Who has each part, as far as leases are valid.
        private static func parts(_ cluster: Cluster) async throws -> [String: String] {
            let rows = try await cluster.database.query(
                """
                SELECT partition, owner FROM lease
                 WHERE partition LIKE 'job/push/%' AND owner IS NOT NULL AND expires_at > now()
                """)
            return try Dictionary(
                uniqueKeysWithValues: rows.map { (try $0.text("partition"), try $0.text("owner")) })
        }

        private static func waitUntilTold(
            _ sent: [Sent], _ gateway: PushGatewayStub, _ name: String
        ) async throws {
            let wanted = Set(sent.flatMap { one in one.keys.map { "\(one.event) \($0)" } })
            try await wait(for: "\(name) to be told everything", within: caughtUpMax) {
                let told = gateway.told.map { "\($0.event ?? "") \($0.pushkey ?? "")" }
                return wanted.isSubset(of: told)
            }
        }

        /// How long after a message was sent each pusher was told of it: of the first messages, and of all.
        private static func delays(
            _ sent: [Sent], _ gateway: PushGatewayStub
        ) -> (quiet: LatencyRecorder, all: LatencyRecorder) {
            let (quiet, all) = (LatencyRecorder(), LatencyRecorder())
            let told = Dictionary(
                gateway.told.map { ("\($0.event ?? "") \($0.pushkey ?? "")", $0.at) }, uniquingKeysWith: min)
            for (index, one) in sent.enumerated() {
                for key in one.keys {
                    guard let at = told["\(one.event) \(key)"] else { continue }
                    all.record(one.at.duration(to: at))
                    // The last of them may have met the first kill.
                    if index < (quietMessages - 2) * rooms { quiet.record(one.at.duration(to: at)) }
                }
            }
            return (quiet, all)
        }

        /// Those whose key was rejected have been told of something, and have only their other pushers left.
        private static func expectRejected(_ crowd: Crowd, _ gateway: PushGatewayStub) async throws {
            let told = Set(gateway.told.compactMap(\.pushkey))
            for reader in crowd.rooms.flatMap({ $0.members.dropFirst() }) {
                #expect(told.contains(reader.user.rawValue))
                let left = try await reader.homeserver.call(
                    "GET", "/_matrix/client/v3/pushers", token: reader.session.token)
                #expect(
                    left["pushers"]?.arrayValue?.compactMap { $0["app_id"]?.stringValue } == ["app0", "app1", "app2"])
            }
        }
    }
}
