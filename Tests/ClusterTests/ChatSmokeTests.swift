import CanonicalJSON
import ClusterHarness
import Identifiers
import Synchronization
import Testing

extension ClusterSuite {
    @Suite struct ChatSmokeTests {
        @Test(.timeLimit(.minutes(2))) func twoPeopleChatThroughTheRouter() async throws {
            try await Cluster.with(ClusterShape(settings: ["registration.mode": "open"])) { cluster in
                let anna = try await ChatClient.register("anna", password: "secret of anna", on: cluster.router)
                let bert = try await ChatClient.register("bert", password: "secret of bert", on: cluster.router)
                let room = try await anna.createRoom(["preset": "private_chat", "name": "Two"])
                let streams = [try await Stream.start(anna), try await Stream.start(bert)]
                try await anna.invite(bert.user, to: room)
                try await streams[1].follow { $0.invited.contains(room) }
                try await bert.join(room)

                var sent: [EventID] = []
                for number in 0..<20 {
                    let sender = number.isMultiple(of: 2) ? anna : bert
                    sent.append(try await sender.send("\(number)", to: room, transaction: "t\(number)"))
                }
                for stream in streams {
                    try await stream.follow { _ in stream.messages(in: room).count >= sent.count }
                    #expect(stream.messages(in: room) == sent)
                }
                #expect(try await anna.send("again", to: room, transaction: "t0") == sent[0])
                print("scenario=chat-smoke sends=\(sent.count) errors=0")
            }
        }

        @Test(.timeLimit(.minutes(2))) func aParkedPollIsWokenByAMessage() async throws {
            try await Cluster.with { cluster in
                let crowd = try await Crowd.gather(rooms: 1, membersEach: 2, in: cluster)
                let (writer, reader) = (crowd.clients[0], crowd.clients[1])
                let since = try await reader.sync().next
                let latency = LatencyRecorder()
                var next = since
                for number in 0..<20 {
                    let from = next
                    async let parked = reader.sync(since: from, wait: .seconds(20))
                    let startedAt = ContinuousClock.now
                    let event = try await writer.send("\(number)", to: crowd.rooms[0].room, transaction: "t\(number)")
                    let answer = try await parked
                    latency.record(startedAt.duration(to: .now))
                    #expect(answer[crowd.rooms[0].room]?.events.contains(event) ?? false)
                    next = answer.next
                }
                #expect(latency.p99 < .seconds(2), "\(latency.figures)")
                print("scenario=send-to-sync \(latency.figures)")
            }
        }
    }
}

/// One client's syncs, one after the other.
private final class Stream: Sendable {
    private let client: ChatClient
    private let state: Mutex<(since: String, answers: [SyncAnswer])>

    private init(client: ChatClient, first: SyncAnswer) {
        self.client = client
        state = Mutex((first.next, [first]))
    }

    static func start(_ client: ChatClient) async throws -> Stream {
        Stream(client: client, first: try await client.sync())
    }

    /// Long-polls until an answer is what is waited for, for a bounded time.
    func follow(until isThere: (SyncAnswer) -> Bool) async throws {
        try await wait(for: "what others did", within: .seconds(20)) {
            let answer = try await client.sync(since: state.withLock { $0.since }, wait: .seconds(2))
            state.withLock { $0 = (answer.next, $0.answers + [answer]) }
            return isThere(answer)
        }
    }

    func messages(in room: RoomID) -> [EventID] {
        state.withLock { $0.answers }.flatMap { $0[room]?.timeline ?? [] }
            .filter { $0["type"] == "m.room.message" }
            .compactMap { $0["event_id"]?.stringValue.flatMap { EventID($0) } }
    }
}
