import CanonicalJSON
import Identifiers
import Postgres
import Signing
import Testing

/// A device without a client (MSC3814).
@Suite struct DehydratedDeviceTests {
    private static let path = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device"

    private func body(_ device: String, of user: UserID) -> JSONObject {
        [
            "device_id": .string(device), "device_data": ["algorithm": "x", "pickle": .string("of \(device)")],
            "initial_device_display_name": "Dehydrated",
            "device_keys": [
                "user_id": .string(user.rawValue), "device_id": .string(device), "algorithms": [], "keys": [:],
                "signatures": [:],
            ], "one_time_keys": ["signed_curve25519:A": ["key": "a"]],
        ]
    }

    @Test func itTakesMessagesUntilAClientBecomesIt() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let bert = try await scene.gateway.register("bert")
            #expect(try await scene.get(Self.path, anna).errcode == "M_NOT_FOUND")
            #expect(
                try await scene.put(Self.path, body("DRY", of: anna.user), anna).body == ["device_id": "DRY"])
            #expect(try await scene.get(Self.path, anna).body["device_data"]?["pickle"] == "of DRY")
            let claim: JSONObject = ["one_time_keys": [anna.user.rawValue: ["DRY": "signed_curve25519"]]]
            #expect(
                try await scene.post("keys/claim", claim, bert).body["one_time_keys"]?[anna.user.rawValue]?["DRY"]
                    != nil)
            for number in 0..<3 {
                let sent = try await scene.put(
                    "sendToDevice/m.test/\(number)",
                    ["messages": [anna.user.rawValue: ["DRY": ["n": .int(Int64(number))]]]], bert)
                #expect(sent.status == 200)
            }
            let events = try await scene.post("\(Self.path)/DRY/events", [:], anna)
            let found = events.body["events"]?.arrayValue ?? []
            #expect(found.compactMap { $0["content"]?["n"] } == [0, 1, 2])
            let next = try #require(events.body["next_batch"]?.stringValue)
            let more = try await scene.post("\(Self.path)/DRY/events", ["next_batch": .string(next)], anna)
            #expect(more.body == ["events": [], "next_batch": .string(next)])
            // Again from the beginning: nothing is lost by asking.
            #expect(try await scene.get("\(Self.path)/DRY/events", anna).body["events"] == .array(found))
            #expect(try await scene.get("\(Self.path)/OTHER/events", anna).errcode == "M_FORBIDDEN")
            #expect(try await scene.get("\(Self.path)/DRY/events", bert).errcode == "M_NOT_FOUND")
            let gone = try await scene.gateway.call("DELETE", Self.path, token: anna.token)
            #expect(gone.body == ["device_id": "DRY"])
            #expect(try await scene.get("devices/DRY", anna).errcode == "M_NOT_FOUND")
            #expect(try await scene.post("keys/claim", claim, bert).body["one_time_keys"] == [:])
        }
    }

    @Test func aNewOneTakesThePlaceOfTheOldAndLogoutsLeaveIt() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let taken = try await scene.put(Self.path, body(anna.device.rawValue, of: anna.user), anna)
            #expect(taken.errcode == "M_INVALID_PARAM", "a device that is logged in")
            _ = try await scene.put(Self.path, body("ONE", of: anna.user), anna)
            _ = try await scene.put(Self.path, body("TWO", of: anna.user), anna)
            let again = try await scene.put(Self.path, body("TWO", of: anna.user), anna)
            #expect(again.status == 200)
            func devices() async throws -> [String] {
                let rows = try await scene.gateway.database.query("SELECT device_id FROM device ORDER BY created_at_ms")
                return try rows.map { try $0.text("device_id") }
            }
            #expect(try await devices() == [anna.device.rawValue, "TWO"])
            _ = try await scene.post("logout/all", [:], anna)
            #expect(try await devices() == ["TWO"])
            let login: JSONObject = ["type": "m.login.password", "user": "anna", "password": "secret"]
            let back = try Gateway.session(try await scene.post("login", login, anna))
            #expect(try await scene.get(Self.path, back).body["device_id"] == "TWO")
            _ = try await scene.post(
                "account/deactivate",
                ["auth": ["type": "m.login.password", "user": "anna", "password": "secret"]], back)
            #expect(try await devices() == [])
        }
    }
}
