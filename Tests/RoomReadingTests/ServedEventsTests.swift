import CanonicalJSON
import Identifiers
import RoomReading
import RoomRules
import Storage
import TestSupport
import Testing

@Suite struct ServedEventsTests {
    private func serve(
        _ id: EventID, of room: StoredRoom, to user: UserID, _ reading: Reading, on device: String = "D",
        includesRoom: Bool = true
    ) async throws -> JSONObject {
        let view = try #require(try await reading.reader.open(room.room, for: user))
        let stored = try #require(try await reading.events.event(id, of: room.room, rules: view.rules))
        let viewer = Viewer(user: user, device: try #require(DeviceID(device)))
        let served = try await reading.served.serve([stored], to: viewer, in: view, includesRoom: includesRoom)
        #expect(served.count == 1)
        return try JSONObject.parse(try #require(served.first).bytes())
    }

    @Test func anEventHasItsClientFormAndTheViewersMembership() async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let message = try await room.send("m.room.message", by: anna, ["body": "hello"])
            try await room.setMembership("join", of: bert)
            let expected: JSONObject = [
                "content": ["body": "hello"], "event_id": .string(message.id.rawValue),
                "origin_server_ts": .int(message.event.originServerTS.milliseconds),
                "room_id": .string(room.room.rawValue), "sender": .string(anna.rawValue), "type": "m.room.message",
                "unsigned": ["membership": "join"],
            ]
            #expect(try await serve(message.id, of: room, to: anna, reading) == expected)
            var toBert = expected
            toBert["unsigned"] = ["membership": "leave"]
            toBert["room_id"] = nil
            #expect(try await serve(message.id, of: room, to: bert, reading, includesRoom: false) == toBert)
        }
    }

    @Test func aTransactionIsNamedToTheDeviceThatMadeItOnly() async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            try await room.setMembership("join", of: bert)
            let device = try #require(DeviceID("PHONE"))
            let message = try await room.send("m.room.message", by: anna, transaction: (device, "t1"))
            func transaction(_ user: UserID, _ device: String) async throws -> JSONValue? {
                try await serve(message.id, of: room, to: user, reading, on: device)["unsigned"]?["transaction_id"]
            }
            #expect(try await transaction(anna, "PHONE") == "t1")
            #expect(try await transaction(anna, "LAPTOP") == nil)
            // Another user's device may have the same name.
            #expect(try await transaction(bert, "PHONE") == nil)
        }
    }

    @Test func aStateEventSaysWhatItReplaced() async throws {
        try await Reading.with { reading in
            let anna = try user("anna")
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let old = try await room.send("m.room.topic", stateKey: "", by: anna, ["topic": "old"])
            let new = try await room.send("m.room.topic", stateKey: "", by: anna, ["topic": "new"])
            let first = try await serve(old.id, of: room, to: anna, reading)
            #expect(first["unsigned"] == ["membership": "join"])
            #expect(first["state_key"] == "")
            let second = try await serve(new.id, of: room, to: anna, reading)
            #expect(
                second["unsigned"] == [
                    "membership": "join", "prev_content": ["topic": "old"], "prev_sender": .string(anna.rawValue),
                    "replaces_state": .string(old.id.rawValue),
                ])
        }
    }

    @Test(arguments: ["1", "10", "12"]) func aRedactedEventLosesItsContentAndSaysWhy(_ version: String) async throws {
        try await Reading.with { reading in
            let anna = try user("anna")
            let room = try await StoredRoom.create(
                in: reading.database, by: anna, version: try #require(RoomVersion(version)))
            let message = try await room.send("m.room.message", by: anna, ["body": "secret"])
            let redaction = try await room.redact(message.id, by: anna, reason: "spam")
            let served = try await serve(message.id, of: room, to: anna, reading)
            #expect(served["content"] == [:])
            let because = try #require(served["unsigned"]?["redacted_because"])
            #expect(because["event_id"]?.stringValue == redaction.id.rawValue)
            #expect(because["content"]?["reason"] == "spam")
            #expect(because["redacts"]?.stringValue == message.id.rawValue)
        }
    }

    @Test func whoLeftBeforeARedactionLearnsOfItButNotWhy() async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            try await room.setMembership("join", of: bert)
            let message = try await room.send("m.room.message", by: anna, ["body": "secret"])
            try await room.setMembership("leave", of: bert)
            let redaction = try await room.redact(message.id, by: anna, reason: "for those inside")
            let served = try await serve(message.id, of: room, to: bert, reading)
            #expect(served["content"] == [:])
            let because = try #require(served["unsigned"]?["redacted_because"])
            #expect(because["event_id"]?.stringValue == redaction.id.rawValue)
            #expect(because["content"]?["reason"] == nil)
        }
    }

    @Test func thePreviousContentOfARedactedPredecessorIsRedactedToo() async throws {
        try await Reading.with { reading in
            let anna = try user("anna")
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let old = try await room.send("m.room.topic", stateKey: "", by: anna, ["topic": "secret"])
            let new = try await room.send("m.room.topic", stateKey: "", by: anna, ["topic": "new"])
            try await room.redact(old.id, by: anna, reason: "spam")
            let served = try await serve(new.id, of: room, to: anna, reading)
            #expect(served["unsigned"]?["prev_content"] == [:])
        }
    }
}
