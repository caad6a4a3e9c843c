import CanonicalJSON
import Identifiers
import Storage
import TestSupport
import Testing

/// What users report, and finding events by time.
@Suite struct ReportTests {
    private static let v3 = "/_matrix/client/v3"
    /// Before the first event in the test of times, in milliseconds.
    private static let epoch: Int64 = 10_000_000_000_000

    @Test func reportsAreStoredWithWhatTheyAreAbout() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
            let room = try await StoredRoom.create(in: gateway.database, by: anna.user)
            try await room.setMembership("join", of: bert.user)
            let event = try await room.send("m.room.message", by: anna.user, ["body": "rude"])
            func report(_ path: String, _ body: JSONObject) async throws -> Int {
                try await gateway.call("POST", "\(Self.v3)/\(path)", json: body, token: bert.token).status
            }
            #expect(try await report("rooms/\(room.room)/report/\(event.id)", ["reason": "rude", "score": -50]) == 200)
            #expect(try await report("rooms/\(room.room)/report", ["reason": ""]) == 200)
            #expect(try await report("users/\(anna.user)/report", ["reason": "spam\u{0}"]) == 200)
            let reports = try await ReportStore(database: gateway.database).page(before: nil)
            #expect(
                reports.map(\.report) == [
                    Report(reporter: bert.user, user: anna.user, reason: "spam\u{0}"),
                    Report(reporter: bert.user, room: room.room, reason: ""),
                    Report(
                        reporter: bert.user, room: room.room, event: event.id, user: anna.user, reason: "rude",
                        score: -50),
                ])
        }
    }

    @Test func eventsAreReportedByMembersOnly() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
            let room = try await StoredRoom.create(in: gateway.database, by: anna.user)
            try await room.setVisibility("world_readable", by: anna.user)
            let event = try await room.send("m.room.message", by: anna.user)
            let path = "\(Self.v3)/rooms/\(room.room)/report/\(event.id)"
            #expect(try await gateway.call("POST", path, "{}", token: bert.token).errcode == "M_NOT_FOUND")
            #expect(try await gateway.call("POST", path, "{}", token: anna.token).status == 200)
        }
    }

    @Test func aUserWhoReportsTooMuchIsAskedToWait() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
            let store = ReportStore(database: gateway.database)
            let report = Report(reporter: anna.user, user: bert.user, reason: "")
            for number in 0..<ReportStore.reportsPerUserMax {
                #expect(try await store.insert(report, at: Timestamp(milliseconds: Int64(number))))
            }
            let last = Timestamp(milliseconds: ReportStore.windowMs - 1)
            #expect(try await !store.insert(report, at: last))
            #expect(try await store.insert(report, at: Timestamp(milliseconds: ReportStore.windowMs + 1)))
            #expect(try await store.insert(Report(reporter: bert.user, user: anna.user, reason: ""), at: last))
        }
    }

    @Test func eventsAreFoundByTheTimeTheyWereSent() async throws {
        try await Gateway.with { gateway, _ in
            let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
            let room = try await StoredRoom.create(in: gateway.database, by: anna.user)
            try await room.setVisibility("joined", by: anna.user)
            var sent: [StoredRoom.Stored] = []
            for _ in 0..<300 { sent.append(try await room.send("m.room.message", by: anna.user)) }
            try await room.setMembership("join", of: bert.user)
            try await gateway.database.query(
                """
                UPDATE event SET origin_server_ts = $2::bigint + seq * 1000,
                       json = convert_to(regexp_replace(convert_from(json, 'UTF8'), '"origin_server_ts":[0-9]+',
                           '"origin_server_ts":' || ($2::bigint + seq * 1000)), 'UTF8')
                 WHERE room_id = $1
                """, room.room.rawValue, Self.epoch)
            func event(_ time: Int64, _ direction: String, _ session: Gateway.Session) async throws -> String? {
                let path = "/_matrix/client/v1/rooms/\(room.room)/timestamp_to_event?ts=\(time)&dir=\(direction)"
                return try await gateway.call("GET", path, token: session.token).body["event_id"]?.stringValue
            }
            for index in [0, 1, 150, 299] {
                let time = Self.epoch + sent[index].position.value * 1_000
                let id = sent[index].id.rawValue
                #expect(try await event(time, "f", anna) == id)
                #expect(try await event(time, "b", anna) == id)
                #expect(try await event(time - 1, "f", anna) == id)
                #expect(try await event(time + 1, "b", anna) == id)
            }
            #expect(try await event(.max, "f", anna) == nil)
            #expect(try await event(.min, "b", anna) == nil)
            // Bert sees nothing of the time before he came.
            #expect(try await event(Self.epoch, "f", bert) != sent[0].id.rawValue)
        }
    }

    @Test func markedUnreadIsAccountDataLikeOther() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let room = try await scene.createRoom(anna)
            let path = "user/\(anna.user)/rooms/\(room)/account_data/m.marked_unread"
            #expect(try await scene.put(path, ["unread": true], anna).status == 200)
            #expect(try await scene.get(path, anna).body == ["unread": true])
        }
    }
}
