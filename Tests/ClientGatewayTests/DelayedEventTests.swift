import CanonicalJSON
import Identifiers
import Storage
import TestSupport
import Testing

/// Events that are sent later (MSC4140).
@Suite struct DelayedEventTests {
    private static let delayed = "/_matrix/client/unstable/org.matrix.msc4140/delayed_events"
    private static let query = "org.matrix.msc4140.delay"

    private func schedule(
        _ scene: RoomScene, _ room: String, _ transaction: String, after milliseconds: Int, _ session: Gateway.Session
    ) async throws -> String {
        let answer = try await scene.put(
            "rooms/\(room)/send/m.room.message/\(transaction)?\(Self.query)=\(milliseconds)",
            ["body": .string(transaction)], session)
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.body["event_id"] == nil)
        return try #require(answer.body["delay_id"]?.stringValue)
    }

    private func bodies(_ scene: RoomScene, _ room: String, _ session: Gateway.Session) async throws -> [String] {
        let page = try await scene.get("rooms/\(room)/messages?dir=f&limit=100", session)
        return (page.body["chunk"]?.arrayValue ?? []).compactMap { $0["content"]?["body"]?.stringValue }
    }

    @Test func anEventIsSentWhenItsTimeComesAndOnce() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let room = try await scene.createRoom(anna)
            let id = try await schedule(scene, room, "soon", after: 300, anna)
            #expect(try await schedule(scene, room, "soon", after: 300, anna) == id)
            #expect(try await bodies(scene, room, anna) == [])
            let waiting = try await scene.get(Self.delayed, anna)
            let listed = try #require(waiting.body["delayed_events"]?.arrayValue?.first)
            #expect(listed["delay_id"] == .string(id))
            #expect(listed["delay"] == 300)
            #expect(listed["content"] == ["body": "soon"])
            try await eventually("the event is sent") { try await bodies(scene, room, anna) == ["soon"] }
            try await eventually("it is listed as sent") {
                try await scene.get("\(Self.delayed)/\(id)", anna).body["event_id"] != nil
            }
            #expect(try await schedule(scene, room, "soon", after: 300, anna) == id)
            #expect(try await scene.get(Self.delayed, anna).body["scheduled"] == [])
            #expect(try await scene.gateway.database.query("SELECT FROM delayed_event").count == 1)
            #expect(try await bodies(scene, room, anna) == ["soon"])
        }
    }

    @Test func whatWasSentNamesItsDelayToItsSenderOnly() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let login: JSONObject = [
                "type": "m.login.password", "identifier": ["type": "m.id.user", "user": "anna"], "password": "secret",
            ]
            let second = try Gateway.session(
                try await scene.gateway.call("POST", "\(RoomScene.v3)/login", json: login))
            let room = try await scene.createRoom(anna, ["preset": "public_chat"])
            try await scene.join(room, bert)
            let id = try await schedule(scene, room, "later", after: 1, anna)
            try await eventually("the event is sent") { try await bodies(scene, room, anna) == ["later"] }
            let now = try await scene.put("rooms/\(room)/send/m.room.message/now", ["body": "now"], anna)
            #expect(now.status == 200)
            func delays(_ session: Gateway.Session) async throws -> [JSONValue?] {
                let page = try await scene.get("rooms/\(room)/messages?dir=b&limit=2", session)
                return (page.body["chunk"]?.arrayValue ?? []).map { $0["unsigned"]?["org.matrix.msc4140.delay_id"] }
            }
            // Her other device too, which is not told of the transaction.
            #expect(try await delays(anna) == [nil, .string(id)])
            #expect(try await delays(second) == [nil, .string(id)])
            #expect(try await delays(bert) == [nil, nil])
        }
    }

    @Test func aWaitingEventIsCancelledRestartedAndHastened() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(anna)
            func act(_ id: String, _ action: String) async throws -> Gateway.Answer {
                try await scene.gateway.call("POST", "\(Self.delayed)/\(id)", json: ["action": .string(action)])
            }
            let cancelled = try await schedule(scene, room, "cancelled", after: 600_000, anna)
            #expect(try await scene.get("\(Self.delayed)/\(cancelled)", bert).errcode == "M_NOT_FOUND")
            #expect(try await act(cancelled, "restart").status == 200)
            #expect(try await act(cancelled, "cancel").status == 200)
            #expect(try await act(cancelled, "cancel").status == 200)
            #expect(try await act(cancelled, "send").errcode == "M_NOT_FOUND")
            #expect(try await act(cancelled, "restart").errcode == "M_NOT_FOUND")
            let sent = try await schedule(scene, room, "sent", after: 600_000, anna)
            #expect(try await scene.gateway.call("POST", "\(Self.delayed)/\(sent)/send").status == 200)
            try await eventually("the event is sent") { try await bodies(scene, room, anna) == ["sent"] }
            let over = try await scene.get(Self.delayed, anna).body["finalised"]?.arrayValue ?? []
            let outcomes = Set(over.compactMap { $0["outcome"]?.stringValue })
            #expect(outcomes.contains("cancel"))
            #expect(try await act(sent, "cancel").errcode == "M_NOT_FOUND")
        }
    }

    @Test func stateIsSetLaterUnlessSomebodyElseSetsItFirst() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(
                anna,
                ["preset": "public_chat", "power_level_content_override": ["events": ["m.call": 0], "invite": 0]])
            try await scene.join(room, bert)
            func later(_ key: String) async throws {
                let answer = try await scene.put(
                    "rooms/\(room)/state/m.call/\(key)?\(Self.query)=600", ["by": "anna"], anna)
                #expect(answer.body["delay_id"] != nil, "\(answer.body)")
            }
            for key in ["mine", "theirs"] { try await later(key) }
            #expect(try await scene.put("rooms/\(room)/state/m.call/mine", ["by": "anna before"], anna).status == 200)
            #expect(try await scene.put("rooms/\(room)/state/m.call/theirs", ["by": "bert"], bert).status == 200)
            try await eventually("both are over") {
                let rows = try await scene.gateway.database.query("SELECT FROM delayed_event WHERE phase < 2")
                return rows.isEmpty
            }
            #expect(try await scene.state(room, "m.call", "mine", anna) == ["by": "anna"])
            #expect(try await scene.state(room, "m.call", "theirs", anna) == ["by": "bert"])
        }
    }

    @Test func whatTheRoomRefusesIsWrittenDown() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(anna, ["preset": "public_chat"])
            let path = "rooms/\(room)/send/m.room.message/1?\(Self.query)=300"
            #expect(try await scene.put(path, ["body": "x"], bert).errcode == "M_FORBIDDEN")
            try await scene.join(room, bert)
            let id = try await schedule(scene, room, "late", after: 300, bert)
            try await scene.post("rooms/\(room)/leave", [:], bert)
            try await eventually("it is refused") {
                try await scene.get("\(Self.delayed)/\(id)", bert).body["reason"] == "error"
            }
            let over = try await scene.get("\(Self.delayed)/\(id)", bert)
            #expect(over.body["error"]?["errcode"] == "M_FORBIDDEN")
            #expect(try await bodies(scene, room, anna) == [])
        }
    }

    private func later(
        _ scene: RoomScene, _ room: String, _ type: String, _ transaction: String, _ body: JSONObject,
        _ session: Gateway.Session
    ) async throws -> Gateway.Answer {
        let path = "/_matrix/client/unstable/org.matrix.msc4140/rooms/\(room)/delayed_event/\(type)/\(transaction)"
        return try await scene.put(path, body, session)
    }

    @Test func anEndpointOfItsOwnSchedulesMessagesAndState() async throws {
        try await RoomScene.with { scene in
            let (anna, bert) = (try await scene.gateway.register("anna"), try await scene.gateway.register("bert"))
            let room = try await scene.createRoom(anna)
            let message: JSONObject = ["delay_ms": 200, "content": ["body": "later"]]
            let made = try await later(scene, room, "m.room.message", "1", message, anna)
            let id = try #require(made.body["delay_id"]?.stringValue, "\(made.body)")
            #expect(try await later(scene, room, "m.room.message", "1", message, anna).body == made.body)
            #expect(try await later(scene, room, "m.room.message", "1", message, bert).errcode == "M_FORBIDDEN")
            let waiting = try await scene.get("\(Self.delayed)/\(id)", anna).body
            #expect(waiting["delay_ms"] == 200 && waiting["scheduled_at"] != nil && waiting["finalised_ts"] == nil)
            let state: JSONObject = ["delay_ms": 200, "state_key": "", "content": ["topic": "later"]]
            #expect(try await later(scene, room, "m.room.topic", "2", state, anna).status == 200)
            try await eventually("both have their effect") {
                let topic = try await scene.get("rooms/\(room)/state/m.room.topic", anna)
                return try await bodies(scene, room, anna) == ["later"] && topic.body["topic"] == "later"
            }
            try await eventually("it is listed as sent") {
                let over = try await scene.get("\(Self.delayed)/\(id)", anna).body
                return over["event_id"] != nil && over["finalised_ts"] != nil && over["delay_id"] == .string(id)
            }
            let capabilities = try await scene.get("capabilities", anna).body["capabilities"]
            #expect(capabilities?["org.matrix.msc4140.delayed_events"]?["max_scheduled"] == 100)
        }
    }

    @Test func whoHasTooManyWaitingIsToldWhenTheNextGoes() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let room = try await scene.createRoom(anna)
            try await scene.gateway.database.query(
                """
                INSERT INTO delayed_event (delay_id, command_id, shard, room_id, user_id, type, draft, delay_ms,
                                           after_seq, due_at)
                SELECT 'd' || n, '', 0, '!r', $1, '', '', 1, 0, now() + interval '90 seconds'
                  FROM generate_series(1, $2) AS n
                """, anna.user.rawValue, Int64(DelayedEventStore.scheduledPerUserMax))
            let refused = try await later(scene, room, "m.x", "1", ["delay_ms": 1, "content": [:]], anna)
            #expect(refused.status == 429 && refused.errcode == "M_LIMIT_EXCEEDED")
            let wait = try #require(refused.head.header("retry-after").flatMap { Int($0) })
            #expect((60...90).contains(wait))
        }
    }

    @Test func aUserHasOnlySoManyThatWait() async throws {
        try await Gateway.with { gateway, _ in
            let anna = try await gateway.register("anna")
            let store = DelayedEventStore(database: gateway.database)
            func event(_ number: Int) throws -> DelayedEvent {
                DelayedEvent(
                    id: "delay_\(number)", command: Array(repeating: UInt8(number), count: 16), shard: ShardID(0),
                    room: try #require(RoomID("!r")), user: anna.user, type: "m.x", stateKey: nil, draft: [],
                    delay: .seconds(600))
            }
            for number in 0..<DelayedEventStore.scheduledPerUserMax {
                #expect(try await store.insert(event(number)) == .scheduled)
            }
            let last = DelayedEventStore.scheduledPerUserMax
            #expect(try await store.insert(event(last)) == .tooMany)
            #expect(try await store.insert(event(0)) == .scheduled)
            #expect(try await store.cancel("delay_0"))
            #expect(try await store.insert(event(last)) == .scheduled)
        }
    }
}
