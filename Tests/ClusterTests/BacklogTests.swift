import CanonicalJSON
import ClusterHarness
import Identifiers
import Postgres
import Signing
import Synchronization
import Testing

// Reading a room up to its end is one row, however much there was to read. Where each unread message is a row of its
// reader's, four receipts delete two million rows, and everybody waits.

extension ClusterSuite {
    @Suite struct BacklogTests {
        static let backlog: Int64 = 500_000
        static let backlogRooms = 4
        static let readers = 25
        static let chatRooms = 5
        static let chatMembers = 100
        static let sendsPerSecond = 50.0
        static let receiptsPerSecond = 10.0
        static let receiptMax = Duration.milliseconds(100)
        /// No transaction touches more rows.
        static let rowsMax: Int64 = 5_000
        /// The most rows of a room's countable events that a message, a receipt or a sync's count looks at.
        static let rowsPerRequestMax: Int64 = 50
        /// What the other load on this machine may add to sends, as for herds.
        static let slack = Duration.milliseconds(150)

        struct Fixture: Sendable {
            /// With the backlog.
            let rooms: [RoomID]
            let sender: ChatSession
            let readers: [ChatSession]
            let chatRooms: [RoomID]
            let chatMembers: [ChatSession]
        }

        @Test(.timeLimit(.minutes(8))) func readingHalfAMillionMessagesIsARowAndHurtsNobody() async throws {
            let made = Mutex<Fixture?>(nil)
            try await Cluster.with(
                prepare: { database, key in
                    let fixture = try await Self.makeFixture(database, key)
                    made.withLock { $0 = fixture }
                },
                { cluster in
                    let fixture = try #require(made.withLock { $0 })
                    try await Self.read(fixture, in: cluster)
                })
        }

        private static func read(_ fixture: Fixture, in cluster: Cluster) async throws {
            let sender = ChatClient(homeserver: cluster.router, session: fixture.sender)
            let readers = fixture.readers.map { ChatClient(homeserver: cluster.router, session: $0) }
            let ends = try await map(fixture.rooms, atMost: 4) {
                (room: $0, event: try await sender.send("the last", to: $0, transaction: "last"))
            }
            for reader in readers {
                let unread = try await unread(of: reader, in: cluster)
                #expect(fixture.rooms.map { unread[$0] } == fixture.rooms.map { _ in backlog + 1 })
            }

            let (before, during, receipts) = (LatencyRecorder(), LatencyRecorder(), LatencyRecorder())
            await chat(fixture, "before", for: .seconds(8), until: StopSign(), before, in: cluster)
            let traffic = try await settledTraffic(cluster)
            let stop = StopSign()
            async let chatting: Void = chat(fixture, "during", for: .seconds(120), until: stop, during, in: cluster)
            let refused = await read(ends, readers, receipts)
            stop.raise()
            await chatting
            let done = try await settledTraffic(cluster).since(traffic)

            let most = done.mostWritten
            let figures =
                "receipts=\(receipts.count) refused=\(refused) receipt_\(receipts.figures) "
                + "baseline_p99=\(before.p99.inMilliseconds) send_\(during.figures) most_written=\(most.table) "
                + "rows=\(most.rows) countable_read=\(done["countable_event"].read)"
            print("scenario=backlog \(figures)")
            #expect(refused == 0)
            #expect(receipts.count == readers.count * ends.count)
            #expect(receipts.p99 < receiptMax, "\(figures)")
            #expect(during.p99 < max(before.p99 * 2, slack), "\(figures)")
            expectFewRows(done, requests: Int64(during.count + receipts.count), figures)
            for reader in readers {
                let unread = try await unread(of: reader, in: cluster)
                #expect(fixture.rooms.map { unread[$0] } == fixture.rooms.map { _ in 0 })
            }
            for number in 0..<3 {
                try await sender.send("\(number)", to: fixture.rooms[0], transaction: "more\(number)")
            }
            for reader in readers {
                let unread = try await unread(of: reader, in: cluster)
                #expect(fixture.rooms.map { unread[$0] } == [3, 0, 0, 0])
            }
        }

        /// What all transactions together did not touch, none of them did.
        private static func expectFewRows(_ done: TableTraffic, requests: Int64, _ figures: String) {
            #expect(done.mostWritten.rows < rowsMax, "\(figures)")
            #expect(done["countable_event"].changed == 0, "a receipt changes no message")
            #expect(done["countable_event"].read < requests * rowsPerRequestMax, "\(figures)")
            #expect(done["receipt"].inserted + done["receipt"].changed == Int64(readers * backlogRooms))
        }

        /// Everybody reads every room to its end, one receipt after the other.
        ///
        /// - Returns: how many receipts were not taken.
        private static func read(
            _ ends: [(room: RoomID, event: EventID)], _ readers: [ChatClient], _ latency: LatencyRecorder
        ) async -> Int {
            let refused = Mutex(0)
            let duration = Duration.seconds(Double(readers.count * ends.count) / receiptsPerSecond)
            _ = await OpenLoop(perSecond: receiptsPerSecond).run(for: duration) { number, intended in
                let end = ends[number % ends.count]
                do {
                    try await readers[number / ends.count].markRead(end.event, in: end.room)
                } catch {
                    refused.withLock { $0 += 1 }
                }
                latency.record(intended.duration(to: .now))
            }
            return refused.withLock { $0 }
        }

        private static func chat(
            _ fixture: Fixture, _ prefix: String, for duration: Duration, until stop: StopSign,
            _ latency: LatencyRecorder, in cluster: Cluster
        ) async {
            let clients = fixture.chatMembers.map { ChatClient(homeserver: cluster.router, session: $0) }
            _ = await OpenLoop(perSecond: sendsPerSecond).run(for: duration, until: stop) { number, intended in
                let room = fixture.chatRooms[number % fixture.chatRooms.count]
                // A failed send counts with the time it took.
                _ = try? await clients[number % clients.count].send("x", to: room, transaction: "\(prefix)\(number)")
                latency.record(intended.duration(to: .now))
            }
        }

        /// The traffic when all backends have reported theirs: it has stood still for longer than they keep it back,
        /// but for the tables that workers write all the time.
        private static func settledTraffic(_ cluster: Cluster) async throws -> TableTraffic {
            let tables = ["countable_event", "event", "receipt"]
            var latest = try await TableTraffic.read(cluster.database)
            var unchangedSince = ContinuousClock.now
            try await wait(for: "all backends' figures", within: .seconds(60)) {
                let now = try await TableTraffic.read(cluster.database)
                if tables.contains(where: { now[$0] != latest[$0] }) { unchangedSince = .now }
                latest = now
                return unchangedSince.duration(to: .now) > .seconds(11)
            }
            return latest
        }

        /// What a first sync says is unread.
        private static func unread(of reader: ChatClient, in cluster: Cluster) async throws -> [RoomID: Int64] {
            let filter = ChatClient.leanFilter.escaped
            let answer = try await cluster.router.call(
                "GET", "/_matrix/client/v3/sync?timeout=0&filter=\(filter)", token: reader.session.token)
            var counts: [RoomID: Int64] = [:]
            for (id, room) in answer["rooms"]?["join"]?.objectValue?.members.map({ ($0.key, $0.value) }) ?? [] {
                counts[try #require(RoomID(id))] = room["unread_notifications"]?["notification_count"]?.intValue
            }
            return counts
        }

        private static func makeFixture(_ database: PostgresDatabase, _ key: SigningKey) async throws -> Fixture {
            let server = try #require(ServerName(Cluster.serverName))
            let people = try await Population.make(readers + 1, named: "reader", on: server, in: database)
            let members = try await Population.make(chatMembers, named: "member", on: server, in: database)
            func room(_ number: Int, of sessions: [ChatSession]) async throws -> RoomFixture {
                let room = try RoomFixture(
                    creator: sessions[0].user, others: sessions.dropFirst().map(\.user), server: server, key: key,
                    createdAt: Timestamp(milliseconds: 1_700_000_000_000 + Int64(number)))
                try await room.write(to: database)
                return room
            }
            var rooms: [RoomID] = []
            for number in 0..<backlogRooms {
                let made = try await room(number, of: people)
                try await made.writeBacklog(of: backlog, to: database)
                rooms.append(made.room)
            }
            var chat: [RoomID] = []
            for number in 0..<chatRooms { chat.append(try await room(number, of: members).room) }
            return Fixture(
                rooms: rooms, sender: people[0], readers: Array(people.dropFirst()), chatRooms: chat,
                chatMembers: members)
        }
    }
}
