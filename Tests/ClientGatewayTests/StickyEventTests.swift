import CanonicalJSON
import TestSupport
import Testing

/// Events that are sent to stick (MSC4354); what becomes of them in syncs is tested there.
@Suite struct StickyEventTests {
    private static let query = "org.matrix.msc4354.sticky_duration_ms"

    @Test func messagesAndStateSayHowLongTheyStick() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let room = try await scene.createRoom(anna)
            let sent = try await scene.put(
                "rooms/\(room)/send/m.sticky/1?\(Self.query)=60000", ["body": "here"], anna)
            let id = try #require(sent.body["event_id"]?.stringValue, "\(sent.body)")
            let event = try await scene.get("rooms/\(room)/event/\(id)", anna)
            #expect(event.body["msc4354_sticky"] == ["duration_ms": 60_000])
            #expect(event.body["content"] == ["body": "here"])
            let path = "rooms/\(room)/state/m.sticky?\(Self.query)=60000"
            let first = try await scene.put(path, ["a": 1], anna)
            // Said again it sticks anew; without sticking, what is said already is said.
            let second = try await scene.put(path, ["a": 1], anna)
            #expect(second.body["event_id"] != nil && first.body["event_id"] != second.body["event_id"])
            let third = try await scene.put("rooms/\(room)/state/m.sticky", ["a": 1], anna)
            #expect(third.body == second.body)
        }
    }

    @Test func aDelayedEventSticksFromWhenItIsSent() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let room = try await scene.createRoom(anna)
            let delayed = "org.matrix.msc4140.delay=100&\(Self.query)=60000"
            let answer = try await scene.put("rooms/\(room)/send/m.sticky/1?\(delayed)", ["body": "later"], anna)
            #expect(answer.body["delay_id"] != nil)
            try await eventually("it sticks") {
                try await !scene.gateway.database.query("SELECT FROM sticky_event").isEmpty
            }
        }
    }
}
