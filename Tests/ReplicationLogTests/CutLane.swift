import Identifiers
import Postgres
import TestSupport
import Testing

/// Something that commits over a connection of its own, which can be cut behind any byte; several go on at once.
protocol CutLane: Sendable {
    var proxy: TCPProxy { get }
    var proxied: PostgresDatabase { get }

    /// How many bytes a commit is in each direction.
    func measure() async throws -> [TCPProxy.Direction: Int]
    /// Cuts behind `count` bytes; whether the commit turned out to be durable.
    func cut(_ direction: TCPProxy.Direction, afterBytes count: Int, number: Int) async throws -> Bool
}

/// Cuts commits behind every byte of the answer, of the longer request behind one byte in `step` and behind each of its
/// end, where COMMIT is.
func cutBehindEveryByte(_ lanes: [some CutLane], ofTheRequestOneIn step: Int) async throws {
    let size = try await lanes[0].measure()
    var points: [(direction: TCPProxy.Direction, count: Int)] = []
    points += (1...(size[.toClient] ?? 1)).map { (.toClient, $0) }
    let sent = size[.toServer] ?? 1
    points += (1...sent).filter { $0 % step == 0 || $0 > sent - 60 }.map { (.toServer, $0) }
    #expect(points.count > 100)
    let durable = try await withThrowingTaskGroup(of: Int.self) { group in
        for (index, lane) in lanes.enumerated() {
            let own = points.enumerated().filter { $0.offset % lanes.count == index }
            group.addTask {
                var durable = 0
                for (number, point) in own {
                    if try await lane.cut(point.direction, afterBytes: point.count, number: number + 1) {
                        durable += 1
                    }
                }
                return durable
            }
        }
        return try await group.reduce(0, +)
    }
    #expect(durable > 10 && durable < points.count, "both ends of a commit in doubt were met")
    for lane in lanes {
        await lane.proxied.shutdown()
        lane.proxy.stop()
    }
}

/// Each entry is there once, with its row and its command's outcome, and no shard's sequence has a gap.
func expectNothingMissedOrDoubled(_ test: TestDatabase) async throws {
    let doubled = try await test.database.query(
        """
        SELECT key FROM log GROUP BY key HAVING count(*) <> 1
         UNION ALL SELECT user_id FROM to_device GROUP BY 1 HAVING count(*) <> 1
        """)
    #expect(doubled.isEmpty)
    let gaps = try await test.database.query(
        """
        SELECT FROM head JOIN (SELECT shard, count(*) AS n, max(seq) AS last FROM log GROUP BY shard) AS l
         USING (shard) WHERE head.seq <> l.last OR head.seq <> l.n
        """)
    #expect(gaps.isEmpty)
    let unequal = try await test.database.query(
        """
        SELECT FROM (SELECT (SELECT count(*) FROM log) AS log, (SELECT count(*) FROM to_device) AS rows,
                            (SELECT count(*) FROM command_result) AS results) AS c
         WHERE log <> rows OR log <> results
        """)
    #expect(unequal.isEmpty)
}
