import CanonicalJSON
import Identifiers
import Postgres
import Signing
import Testing

/// Uploading, asking for and claiming keys through the endpoints.
@Suite struct KeyTests {
    private func upload(_ scene: RoomScene, _ owner: KeyOwner) async throws {
        let answer = try await scene.post(
            "keys/upload", ["device_keys": .object(try owner.identity())], owner.session)
        #expect(answer.status == 200, "\(answer.body)")
    }

    private func query(_ scene: RoomScene, _ users: [String], _ session: Gateway.Session) async throws -> JSONObject {
        let answer = try await scene.post(
            "keys/query", ["device_keys": .object(JSONObject(users.map { ($0, []) }))], session)
        #expect(answer.status == 200, "\(answer.body)")
        return answer.body
    }

    @Test func keysAreUploadedAskedForAndClaimed() async throws {
        try await RoomScene.with { scene in
            let anna = try KeyOwner(try await scene.gateway.register("anna"))
            let bert = try await scene.gateway.register("bert")
            let body: JSONObject = [
                "device_keys": .object(try anna.identity()),
                "one_time_keys": ["signed_curve25519:A": ["key": "a"]],
                "fallback_keys": ["signed_curve25519:F": ["key": "f", "fallback": true]],
            ]
            for _ in 0..<2 {
                let answer = try await scene.post("keys/upload", body, anna.session)
                #expect(answer.status == 200 && answer.body == ["one_time_key_counts": ["signed_curve25519": 1]])
            }
            let empty = try await scene.post("keys/upload", [:], bert)
            #expect(empty.body == ["one_time_key_counts": ["signed_curve25519": 0]])
            let other = try await scene.post(
                "keys/upload", ["one_time_keys": ["signed_curve25519:A": ["key": "b"]]], anna.session)
            #expect(other.errcode == "M_INVALID_PARAM")

            _ = try await scene.put("devices/\(anna.device)", ["display_name": "Anna's"], anna.session)
            let found = try await query(scene, [anna.user, "@nobody:elsewhere.example"], bert)
            let device = found["device_keys"]?[anna.user]?[anna.device]
            #expect(device?["unsigned"] == ["device_display_name": "Anna's"])
            #expect(device?["signatures"] == (try anna.identity())["signatures"])
            #expect(found["failures"]?["elsewhere.example"] != nil)
            let one = try await scene.post(
                "keys/query", ["device_keys": [anna.user: ["OTHER"]]], bert)
            #expect(one.body["device_keys"]?[anna.user] == [:])

            let wanted: JSONObject = [
                "one_time_keys": [anna.user: [anna.device: "signed_curve25519", "NONE": "signed_curve25519"]]
            ]
            for expected in ["A", "F", "F"] {
                let claimed = try await scene.post("keys/claim", wanted, bert)
                #expect(claimed.status == 200)
                let keys = claimed.body["one_time_keys"]?[anna.user]?.objectValue ?? [:]
                #expect(keys.keys == [anna.device])
                #expect(keys[anna.device]?.objectValue?.keys == ["signed_curve25519:\(expected)"])
                #expect(claimed.body["failures"] == [:])
            }
        }
    }

    @Test func firstCrossSigningKeysNeedNoPasswordAndOthersDo() async throws {
        try await RoomScene.with { scene in
            let anna = try KeyOwner(try await scene.gateway.register("anna"))
            try await upload(scene, anna)
            func set(_ body: JSONObject, _ auth: JSONObject? = nil) async throws -> Gateway.Answer {
                var body = body
                body["auth"] = auth.map { .object($0) }
                return try await scene.post("keys/device_signing/upload", body, anna.session)
            }
            let orphan = try await set(["self_signing_key": .object(try anna.key("self_signing"))])
            #expect(orphan.errcode == "M_MISSING_PARAM")
            let all = try anna.crossSigning()
            for _ in 0..<2 { #expect(try await set(all).status == 200, "the same again is no change") }
            let found = try await query(scene, [anna.user], anna.session)
            for kind in ["master", "self_signing", "user_signing"] {
                #expect(found["\(kind)_keys"]?[anna.user]?["keys"] == (try anna.key(kind))["keys"])
            }
            let next = try KeyOwner(anna.session, number: 2)
            let challenge = try await set(try next.crossSigning())
            #expect(challenge.status == 401 && challenge.body["flows"] == [["stages": ["m.login.password"]]])
            let password: JSONObject = ["type": "m.login.password", "user": .string(anna.user), "password": "secret"]
            var forged = try next.crossSigning()
            forged["self_signing_key"] = .object(try anna.key("self_signing"))
            #expect(try await set(forged, password).errcode == "M_INVALID_SIGNATURE")
            #expect(try await set(try next.crossSigning(), password).status == 200)
            let after = try await query(scene, [anna.user], anna.session)
            #expect(after["master_keys"]?[anna.user]?["keys"] == (try next.key("master"))["keys"])
            // A device cannot be called like a key, nor a key like a device.
            let clash = try await scene.gateway.call(
                "POST", "\(RoomScene.v3)/login",
                json: [
                    "type": "m.login.password", "user": "anna", "password": "secret",
                    "device_id": .string(try next.publicKey("master")),
                ])
            #expect(clash.errcode == "M_INVALID_PARAM")
            let third = try KeyOwner(anna.session, number: 3)
            try await scene.gateway.database.query(
                "INSERT INTO device (user_id, device_id, created_at_ms) VALUES ($1, $2, 0)", anna.user,
                try third.publicKey("master"))
            #expect(try await set(try third.crossSigning(), password).errcode == "M_FORBIDDEN")
        }
    }

    @Test func aDeviceOfAnOAuthClientAsksOnTheAccountPage() async throws {
        try await RoomScene.with { scene in
            let anna = try KeyOwner(try await scene.gateway.register("anna"))
            try await scene.gateway.database.query("UPDATE device SET oauth_client_id = 'c'")
            #expect(
                try await scene.post("keys/device_signing/upload", try anna.crossSigning(), anna.session).status == 200)
            let next = try KeyOwner(anna.session, number: 2)
            let challenge = try await scene.post("keys/device_signing/upload", try next.crossSigning(), anna.session)
            #expect(challenge.status == 401 && challenge.body["flows"] == [["stages": ["m.oauth"]]])
            #expect(challenge.body["params"]?["m.oauth"]?["url"]?.stringValue?.contains("cross_signing_reset") == true)
            // As the account page does when the person presses the button.
            let session = try #require(challenge.body["session"]?.stringValue)
            try await scene.gateway.database.query(
                """
                INSERT INTO uia_stage (session_id, stage, evidence, expires_at_ms)
                VALUES ($1, 'm.oauth', 'true', 9000000000000)
                """, session)
            var body = try next.crossSigning()
            body["auth"] = ["session": .string(session)]
            #expect(try await scene.post("keys/device_signing/upload", body, anna.session).status == 200)
        }
    }

    @Test func signaturesAreCheckedAndShownToThoseTheyAreFor() async throws {
        try await RoomScene.with { scene in
            let anna = try KeyOwner(try await scene.gateway.register("anna"))
            let bert = try KeyOwner(try await scene.gateway.register("bert"), number: 2)
            let carl = try await scene.gateway.register("carl")
            for owner in [anna, bert] {
                try await upload(scene, owner)
                let set = try await scene.post("keys/device_signing/upload", try owner.crossSigning(), owner.session)
                #expect(set.status == 200)
            }
            let device = try anna.signed(try anna.identity(), by: "self_signing")
            let master = try anna.signed(try anna.key("master"), by: "device")
            let ofBert = try anna.signed(try bert.key("master"), by: "user_signing")
            let answer = try await scene.post(
                "keys/signatures/upload",
                [
                    anna.user: [anna.device: .object(device), try anna.publicKey("master"): .object(master)],
                    bert.user: [try bert.publicKey("master"): .object(ofBert)],
                ], anna.session)
            #expect(answer.status == 200 && answer.body["failures"] == [:], "\(answer.body)")
            for viewer in [anna.session, bert.session, carl] {
                let found = try await query(scene, [anna.user, bert.user], viewer)
                #expect(
                    found["device_keys"]?[anna.user]?[anna.device]?["signatures"] == device["signatures"],
                    "everybody sees who has signed their own")
                #expect(found["master_keys"]?[anna.user]?["signatures"] == master["signatures"])
                let byAnna = found["master_keys"]?[bert.user]?["signatures"]?[anna.user]
                #expect((byAnna != nil) == (viewer.user == anna.session.user), "whom one trusts is nobody's business")
                #expect((found["user_signing_keys"]?[anna.user] != nil) == (viewer.user == anna.session.user))
            }
            // What is wrong is said key by key.
            var changed = device
            changed["algorithms"] = []
            let byWrongKey = try anna.signed(try bert.key("master"), by: "self_signing")
            let bad = try await scene.post(
                "keys/signatures/upload",
                [
                    anna.user: [anna.device: .object(changed), "NONE": .object(device)],
                    bert.user: [try bert.publicKey("master"): .object(byWrongKey)],
                ], anna.session)
            #expect(bad.body["failures"]?[anna.user]?[anna.device]?["errcode"] == "M_INVALID_SIGNATURE")
            #expect(bad.body["failures"]?[anna.user]?["NONE"]?["errcode"] == "M_NOT_FOUND")
            #expect(
                bad.body["failures"]?[bert.user]?[try bert.publicKey("master")]?["errcode"] == "M_INVALID_SIGNATURE")
        }
    }

    /// What the device's owner did not sign is not passed on.
    @Test func othersSignaturesInAnUploadAreDropped() async throws {
        try await RoomScene.with { scene in
            let anna = try KeyOwner(try await scene.gateway.register("anna"))
            var identity = try anna.identity()
            var signatures = try #require(identity["signatures"]?.objectValue)
            signatures["@spy:test.example"] = ["ed25519:X": "s"]
            identity["signatures"] = .object(signatures)
            identity["unsigned"] = ["a": "b"]
            _ = try await scene.post("keys/upload", ["device_keys": .object(identity)], anna.session)
            let found = try await query(scene, [anna.user], anna.session)["device_keys"]?[anna.user]?[anna.device]
            #expect(found?["signatures"] == (try anna.identity())["signatures"])
            #expect(found?["unsigned"] == [:])
        }
    }

    @Test func aLoggedOutDevicesKeysAreGone() async throws {
        try await RoomScene.with { scene in
            let anna = try KeyOwner(try await scene.gateway.register("anna"))
            let bert = try await scene.gateway.register("bert")
            _ = try await scene.post(
                "keys/upload",
                [
                    "device_keys": .object(try anna.identity()),
                    "one_time_keys": ["signed_curve25519:A": ["key": "a"]],
                ], anna.session)
            _ = try await scene.post("logout", [:], anna.session)
            #expect(try await query(scene, [anna.user], bert)["device_keys"]?[anna.user] == [:])
            let claimed = try await scene.post(
                "keys/claim", ["one_time_keys": [anna.user: [anna.device: "signed_curve25519"]]], bert)
            #expect(claimed.body["one_time_keys"] == [:])
        }
    }
}
