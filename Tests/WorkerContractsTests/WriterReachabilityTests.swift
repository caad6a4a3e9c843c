import Identifiers
import Leases
import OutboundHTTP
import Postgres
import TestSupport
import Testing
import WorkerContracts

@Suite struct WriterReachabilityTests {
    private let start = ContinuousClock.now

    /// Nobody votes here.
    private struct NoDatabase: PostgresQuerying {
        func query(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresRows {
            throw PostgresError(.decoding("nothing is asked"))
        }
    }

    private var reachability: WriterReachability {
        WriterReachability(
            votes: UnreachableWriterVotes(voter: WorkerID("client"), database: NoDatabase()), logger: .silent)
    }

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func aWriterIsUnreachableOnceNothingArrivesForAWhile() {
        let reachability = reachability
        for second in 0...4 {
            reachability.missed("mute", at: at(Double(second)))
            reachability.reached("other", at: at(Double(second)))
            #expect(reachability.unreachable(at: at(Double(second))) == (second < 3 ? [] : ["mute"]))
        }
        reachability.reached("mute", at: at(4.5))
        #expect(reachability.unreachable(at: at(4.5)).isEmpty)
    }

    @Test func whoReachesNobodyBlamesNobody() {
        let reachability = reachability
        reachability.reached("other", at: at(0))
        for second in 0...4 { reachability.missed("mute", at: at(Double(second))) }
        #expect(reachability.unreachable(at: at(4)).isEmpty)
    }

    @Test func aFewMissesOrOldOnesSayNothing() {
        let reachability = reachability
        reachability.missed("rare", at: at(0))
        reachability.missed("rare", at: at(5))
        reachability.reached("other", at: at(5))
        #expect(reachability.unreachable(at: at(5)).isEmpty, "two attempts")
        for second in 0...4 { reachability.missed("old", at: at(Double(second))) }
        reachability.reached("other", at: at(8))
        #expect(reachability.unreachable(at: at(8)).isEmpty, "nobody has tried since")
    }

    @Test func whatIsRememberedIsBounded() {
        let reachability = reachability
        for second in 0...3 { reachability.missed("mute", at: at(Double(second))) }
        for number in 0..<WriterReachability.addressesMax { reachability.reached("w\(number)", at: at(3)) }
        #expect(reachability.unreachable(at: at(3)).isEmpty, "the memory began anew")
    }

    @Test func theClientTellsWhatAnsweredAndWhatDidNot() async throws {
        let reachability = reachability
        let http = HTTPClient()
        defer { http.shutdown() }
        let client = { @Sendable (address: String) in
            WriterClient(
                client: InternalClient(http: http, secret: "s"), routing: FixedOwner(address: address),
                deadline: .seconds(1), reachability: reachability, logger: .silent)
        }
        let command = WriterCommand.forgetRoom(
            .init(room: try #require(RoomID("!r:x")), user: try #require(UserID("@a:x"))))
        let nobody = "127.0.0.1:\(try #require(Loopback.freePort()))"
        try await withScriptedServer { _, responder in
            try await responder.respond(
                String(decoding: WriterReply.done(events: [], position: ShardSequence(1)).json.bytes(), as: UTF8.self))
        } body: { server in
            try await eventually("the silent one is told of") {
                let began = ContinuousClock.now
                await #expect(throws: WriterUnavailable.self) {
                    try await client(nobody).execute(command, id: .random(), in: ShardID(0))
                }
                _ = try await client(server.address).execute(command, id: .random(), in: ShardID(0))
                let said = Self.said(by: reachability, from: began)
                #expect(said.isSubset(of: [[], [nobody]]))
                return said.contains([nobody])
            }
        }
    }

    /// All that is said at the moments for which what has been since `began` is just long enough ago.
    private static func said(
        by reachability: WriterReachability, from began: ContinuousClock.Instant
    ) -> Set<[String]> {
        var said: Set<[String]> = []
        var since = began
        while since <= .now {
            said.insert(reachability.unreachable(at: since + WriterReachability.patience))
            since += .milliseconds(5)
        }
        return said
    }
}

private struct FixedOwner: ShardRouting {
    let address: String
    func ownerAddress(of shard: ShardID) async -> String? { address }
    func invalidate(_ shard: ShardID) async {}
}
