import CanonicalJSON
import ClusterHarness
import Identifiers
import Synchronization
import TestSupport
import Testing

extension ClusterSuite {
    @Suite struct KeyClaimTests {
        static let clients = 50
        static let keys = 200
        static let kills = 6
        static let algorithm = "signed_curve25519"

        /// What claims were answered with, whoever asked.
        final class Given: Sendable {
            private let names = Mutex<[String]>([])
            private let failed = Mutex(0)

            var all: [String] { names.withLock { $0 } }
            var failures: Int { failed.withLock { $0 } }
            func add(_ name: String) { names.withLock { $0.append(name) } }
            func fail() { failed.withLock { $0 += 1 } }
        }

        /// Fifty claim keys of one device at once while workers are killed: no key twice, then the fallback key.
        @Test(.timeLimit(.minutes(4))) func noKeyIsHandedOutTwice() async throws {
            let seed = KillTests.seed
            try await Cluster.with(ClusterShape(settings: ["registration.mode": "open"])) { cluster in
                let owner = try await ChatClient.register("owner", password: "secret of owner", on: cluster.router)
                try await Self.upload(owner, cluster)
                let askers = try await map(Array(0..<Self.clients), atMost: 8) { number in
                    try await ChatClient.register("asker\(number)", password: "secret", on: cluster.router)
                }
                let given = Given()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        var random = SeededRandom(seed: seed)
                        for number in 0..<Self.kills {
                            try await Task.sleep(for: .milliseconds(Int.random(in: 100...600, using: &random)))
                            let kind = number.isMultiple(of: 2) ? "room-writer" : "client"
                            let workers = try await cluster.status().ready(kind)
                            if let victim = workers.randomElement(using: &random) { cluster.killWorker(victim) }
                        }
                    }
                    for asker in askers {
                        group.addTask { try await Self.claim(from: owner, by: asker, given) }
                    }
                    try await group.waitForAll()
                }
                let oneTime = given.all.filter { $0 != "\(Self.algorithm):F" }
                #expect(Set(oneTime).count == oneTime.count, "seed \(seed): a key was handed out twice")
                #expect(given.all.contains("\(Self.algorithm):F"), "seed \(seed): the fallback key comes last")
                // A claim whose answer was lost has its key all the same: gone for good.
                let rows = try await cluster.database.query(
                    "SELECT count(claimed_at) AS claimed, count(*) AS n FROM one_time_key")
                #expect(try rows[0].int64("claimed") == Int64(Self.keys) && rows[0].int64("n") == Int64(Self.keys))
                print(
                    "scenario=key-claims seed=\(seed) claims=\(given.all.count) keys=\(oneTime.count) failed=\(given.failures)"
                )
            }
        }

        private static func upload(_ owner: ChatClient, _ cluster: Cluster) async throws {
            let keys = (0..<keys).map { ("\(algorithm):\($0)", ["key": .string("\($0)")] as JSONValue) }
            _ = try await cluster.router.call(
                "POST", "/_matrix/client/v3/keys/upload",
                [
                    "one_time_keys": .object(JSONObject(keys)),
                    "fallback_keys": ["\(algorithm):F": ["key": "f", "fallback": true]],
                ], token: owner.session.token)
        }

        /// Claims until the fallback key comes.
        private static func claim(from owner: ChatClient, by asker: ChatClient, _ given: Given) async throws {
            let wanted: JSONObject = [
                "one_time_keys": [owner.user.rawValue: [owner.session.device.rawValue: .string(algorithm)]]
            ]
            let giveUpAt = ContinuousClock.now + .seconds(60)
            while ContinuousClock.now < giveUpAt {
                do throws(ChatFailure) {
                    let answer = try await asker.homeserver.call(
                        "POST", "/_matrix/client/v3/keys/claim", wanted, token: asker.session.token)
                    let ofDevice = answer["one_time_keys"]?[owner.user.rawValue]?[owner.session.device.rawValue]
                    guard let name = ofDevice?.objectValue?.keys.first else {
                        // The writer was not to be reached in time.
                        given.fail()
                        continue
                    }
                    given.add(name)
                    if name == "\(algorithm):F" { return }
                } catch {
                    given.fail()
                }
            }
            Issue.record("no fallback key within a minute")
        }
    }
}
