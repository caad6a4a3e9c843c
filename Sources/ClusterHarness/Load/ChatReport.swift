import Identifiers

/// What became of a chat under load.
public struct ChatReport: Sendable {
    /// How far around a change of a shard's owner a send counts for the pause it made.
    static let pauseMargin = Duration.seconds(1)

    public let record: HistoryRecord
    public let stored: StoredCluster
    public let sends: [SendLog.Entry]
    public let reigns: [OwnerWatch.Reign]
    /// Arrivals that were not even tried, because thousands were waiting.
    public let dropped: Int

    init(
        record: HistoryRecord, stored: StoredCluster, sends: [SendLog.Entry], reigns: [OwnerWatch.Reign], dropped: Int
    ) {
        self.record = record
        self.stored = stored
        self.sends = sends
        self.reigns = reigns
        self.dropped = dropped
    }

    public var violations: [Violation] { HistoryChecker(record: record, stored: stored).violations() }

    public var failures: [Attempt] { record.attempts.filter(\.isFailure) }

    /// Failures of a request whose repetition failed, too, or never came.
    public var unhealed: [Attempt] {
        struct Request: Hashable {
            let stream: StreamName
            let operation: Operation
        }
        let requests = Dictionary(grouping: record.attempts) { Request(stream: $0.stream, operation: $0.operation) }
        return requests.values.flatMap { attempts -> [Attempt] in
            attempts.indices.filter { index in
                attempts[index].isFailure && (index + 1 == attempts.count || attempts[index + 1].isFailure)
            }.map { attempts[$0] }
        }
    }

    /// From the moment a send was meant to start to its answer.
    public var latencies: LatencyRecorder {
        let recorder = LatencyRecorder()
        for send in sends { recorder.record(send.latency) }
        return recorder
    }

    /// For each change of a shard's owner and each room there: the longest any send to the room took around that time.
    public var pauses: LatencyRecorder {
        let byRoom = Dictionary(grouping: sends, by: \.room)
        let recorder = LatencyRecorder()
        for reign in reigns {
            for (room, sends) in byRoom where stored.shards[room] == reign.shard {
                let near = sends.filter {
                    $0.intended < reign.seenAt + Self.pauseMargin && $0.endedAt > reign.seenAt - Self.pauseMargin
                }
                if let longest = near.map(\.latency).max() { recorder.record(longest) }
            }
        }
        return recorder
    }

    /// One line of figures for `scenario`.
    public func figures(_ scenario: String) -> String {
        let checker = HistoryChecker(record: record, stored: stored)
        let (lost, doubled) = checker.lostAndDoubled
        let pauses = pauses
        return
            "scenario=\(scenario) sends=\(sends.count) \(latencies.figures) errors=\(failures.count) dropped=\(dropped) "
            + "lost=\(lost) doubled=\(doubled) handovers=\(reigns.count) pauses=\(pauses.count) "
            + "pause_p50=\(pauses.median.inMilliseconds) pause_p99=\(pauses.p99.inMilliseconds) "
            + "pause_max=\(pauses.max.inMilliseconds)"
    }
}
