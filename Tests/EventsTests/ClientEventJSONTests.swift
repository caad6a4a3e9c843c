import CanonicalJSON
import Events
import Identifiers
import Testing

@Suite struct ClientEventJSONTests {
    private func parse(_ bytes: [UInt8]) throws -> JSONObject { try JSONObject.parse(bytes) }

    @Test func stateEventsHaveTheClientFieldsOnly() throws {
        let client = ClientEventJSON(try EventTests.event())
        #expect(
            try parse(client.bytes()) == [
                "content": ["membership": "join"], "event_id": "$abc", "origin_server_ts": 1_000, "room_id": "!r:x",
                "sender": "@a:x", "state_key": "@a:x", "type": "m.room.member",
            ])
    }

    @Test func messagesHaveNoStateKey() throws {
        let event = try EventTests.event { $0["state_key"] = nil }
        #expect(try parse(ClientEventJSON(event).bytes())["state_key"] == nil)
    }

    @Test func roomAndUnsignedAreTheCallers() throws {
        let client = ClientEventJSON(try EventTests.event(), includesRoom: false)
        #expect(try parse(client.bytes())["room_id"] == nil)
        let unsigned: JSONObject = ["transaction_id": "t"]
        #expect(try parse(client.bytes(unsigned: unsigned.bytes()))["unsigned"] == .object(unsigned))
    }

    @Test(arguments: [EventFormat.v4, .v11])
    func redactionsNameTheirTargetTwice(format: EventFormat) throws {
        let event = try EventTests.event(format: format) {
            $0["type"] = "m.room.redaction"
            $0["state_key"] = nil
            $0["content"] = format.redactsIsInContent ? ["redacts": "$t", "reason": "r"] : ["reason": "r"]
            $0["redacts"] = format.redactsIsInContent ? nil as JSONValue? : .some("$t")
        }
        let client = try parse(ClientEventJSON(event).bytes())
        #expect(client["redacts"] == "$t")
        #expect(client["content"] == ["redacts": "$t", "reason": "r"])
    }

    @Test func howLongAnEventSticksIsTheClientsToKnow() throws {
        let event = try EventTests.event { $0["msc4354_sticky"] = ["duration_ms": 1_500, "more": true] }
        #expect(try parse(ClientEventJSON(event).bytes())["msc4354_sticky"] == ["duration_ms": 1_500])
        for wrong in [["duration_ms": -1], ["duration_ms": 3_600_001], ["duration_ms": "1"], 7] as [JSONValue] {
            let event = try EventTests.event { $0["msc4354_sticky"] = wrong }
            #expect(try parse(ClientEventJSON(event).bytes())["msc4354_sticky"] == nil)
        }
    }

    @Test func strippedStateHasFourFields() throws {
        #expect(
            try parse(ClientEventJSON.stripped(try EventTests.event())) == [
                "content": ["membership": "join"], "sender": "@a:x", "state_key": "@a:x", "type": "m.room.member",
            ])
    }
}
