import CanonicalJSON
import ClusterHarness
import Identifiers
import Synchronization
import Testing

extension ClusterSuite {
    @Suite struct OrderTests {
        /// A message that needs a key never comes before the key, whatever is being replaced.
        @Test(.timeLimit(.minutes(3))) func keysComeBeforeTheMessagesThatNeedThemWhileWorkersAreReplaced() async throws
        {
            try await Cluster.with { cluster in
                let crowd = try await Crowd.gather(rooms: 4, membersEach: 2, in: cluster)
                let report = try await KeyedChat(crowd: crowd).run { try await cluster.roll() }
                print("scenario=to-device-order \(report)")
                #expect(report.messages > 100)
                #expect(report.delivered == report.messages)
                #expect(report.withoutKey == 0)
                #expect(report.failures == 0)
            }
        }

        @Test(.timeLimit(.minutes(3))) func everythingArrivesWhileTheLogIsEmptied() async throws {
            try await Cluster.with { cluster in
                let crowd = try await Crowd.gather(rooms: 10, membersEach: 5, in: cluster)
                let report = try await ChatLoad(crowd: crowd, perSecond: 20).run(on: cluster) {
                    for _ in 0..<40 {
                        try await cluster.database.query("DELETE FROM log")
                        try await Task.sleep(for: .milliseconds(250))
                    }
                }
                print(report.figures("log-emptied"))
                #expect(report.failures.isEmpty, "\(report.failures.prefix(10))")
                ClusterSuite.expectNoViolations(report)
            }
        }
    }
}

/// Pairs who send a key to the other's device, and then the message that needs it.
private struct KeyedChat: Sendable {
    struct Report: CustomStringConvertible {
        var messages = 0
        var delivered = 0
        var withoutKey = 0
        var failures = 0
        var description: String {
            "messages=\(messages) delivered=\(delivered) without_key=\(withoutKey) errors=\(failures)"
        }
    }

    private final class Received: Sendable {
        let keys = Mutex<Set<String>>([])
        let messages = Mutex<(all: Set<String>, withoutKey: Int)>(([], 0))

        func take(_ answer: SyncAnswer, of room: RoomID) {
            let keys = keys.withLock { keys in
                for message in answer.toDevice {
                    if let name = message["content"]?["key"]?.stringValue { keys.insert(name) }
                }
                return keys
            }
            for event in answer[room]?.timeline ?? [] {
                guard let name = event["content"]?["body"]?.stringValue else { continue }
                messages.withLock { messages in
                    messages.all.insert(name)
                    if !keys.contains(name) { messages.withoutKey += 1 }
                }
            }
        }
    }

    /// The names of the messages that were acknowledged, by room.
    private final class Sent: Sendable {
        private let names = Mutex<[Int: Set<String>]>([:])

        func add(_ name: String, to room: Int) { names.withLock { _ = $0[room, default: []].insert(name) } }
        subscript(room: Int) -> Set<String> { names.withLock { $0[room] ?? [] } }
        var count: Int { names.withLock { $0.values.reduce(0) { $0 + $1.count } } }
    }

    let crowd: Crowd

    /// Sends a key, then its message, in each room, ten times a second.
    private func send(_ sent: Sent, until stop: StopSign) async throws {
        try await forEach(Array(crowd.rooms.enumerated()), atMost: crowd.rooms.count) { index, room in
            var number = 0
            while !stop.isUp {
                let name = "\(index)-\(number)"
                try await room.members[0].sendToDevices(
                    of: room.members[1].user, type: "m.key", ["key": .string(name)], transaction: name)
                try await room.members[0].send(name, to: room.room, transaction: name)
                sent.add(name, to: index)
                number += 1
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    func run(while body: @escaping @Sendable () async throws -> Void) async throws -> Report {
        let starts = try await crowd.firstSyncs()
        let received = crowd.rooms.map { _ in Received() }
        let sent = Sent()
        let stop = StopSign()
        try await withThrowingTaskGroup(of: Void.self) { group in
            async let sending: Void = send(sent, until: stop)
            for (index, room) in crowd.rooms.enumerated() {
                let reader = room.members[1]
                guard let since = starts.first(where: { $0.client.user == reader.user })?.since else { continue }
                let inbox = received[index]
                group.addTask {
                    await SyncLoop(client: reader) { inbox.take($0, of: room.room) }.run(since: since)
                }
            }
            try await body()
            stop.raise()
            try await sending
            // Not in time: the counts say so.
            try? await wait(for: "all messages", within: .seconds(30)) {
                received.indices.allSatisfy { sent[$0].isSubset(of: received[$0].messages.withLock { $0.all }) }
            }
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
        return Report(
            messages: sent.count,
            delivered: received.reduce(0) { $0 + $1.messages.withLock { $0.all.count } },
            withoutKey: received.reduce(0) { $0 + $1.messages.withLock { $0.withoutKey } },
            failures: crowd.recorder.failureCount)
    }
}
