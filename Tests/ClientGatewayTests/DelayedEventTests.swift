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
