import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Signing
import Testing

@Suite struct RoomPolicyTests {
    private let key: SigningKey
    private let server: ServerName

    init() throws {
        key = try SigningKey(keyID: RoomPolicy.keyID, seed: Array(repeating: 5, count: 32))
        server = try #require(ServerName("policy.test"))
    }

    private var content: JSONObject {
        ["via": "policy.test", "public_keys": ["ed25519": .string(UnpaddedBase64.encode(key.publicKey))]]
    }

    @Test func aPolicyNamesAServerAndAKey() throws {
        #expect(try #require(RoomPolicy(content: content)).server == server)
        let wrong: [JSONObject] = [
            [:], ["via": "policy.test"], ["via": "policy.test", "public_keys": [:]],
            ["via": "policy.test", "public_keys": ["ed25519": "short"]],
            ["via": 7, "public_keys": content["public_keys"] ?? [:]],
            ["via": "no server", "public_keys": content["public_keys"] ?? [:]],
        ]
        for content in wrong { #expect(RoomPolicy(content: content) == nil, "\(content)") }
    }

    @Test func onlyTheEventThatNamesTheServerIsNotItsToJudge() throws {
        let scene = try RuleScene(12)
        func event(_ type: String, _ key: String?) throws -> Event {
            try scene.event(type, key: key, by: RuleScene.alice, [:], id: "$e", prev: [], auth: [])
        }
        #expect(try !RoomPolicy.covers(event("m.room.policy", "")))
        for (type, key) in [("m.room.policy", nil), ("m.room.policy", "x"), ("m.room.message", nil)] {
            #expect(try RoomPolicy.covers(event(type, key)))
        }
    }

    @Test func aSignatureCountsWhenItIsTheKeysAndKeepsTheOthers() throws {
        let policy = try #require(RoomPolicy(content: content))
        let rules = RoomVersion.default.rules
        let event: JSONObject = [
            "type": "m.room.message", "sender": "@a:policy.test", "content": ["body": "x"], "depth": 1,
            "signatures": ["policy.test": ["ed25519:own": "kept"]],
        ]
        let covered = JSONSigning.signedBytes(of: redact(event, rules: rules))
        let signed = policy.adding(UnpaddedBase64.encode(key.sign(covered)), to: event)
        #expect(policy.hasSigned(signed, rules: rules))
        #expect(signed["signatures"]?["policy.test"]?["ed25519:own"] == "kept")
        #expect(!policy.hasSigned(event, rules: rules))
        #expect(!policy.hasSigned(policy.adding("AAAA", to: event), rules: rules))
    }
}
