import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Signing
import Testing

/// Invites that answer a third-party invite: an identity server vouches for the user.
@Suite struct ThirdPartyInviteTests {
    private let identity: SigningKey
    private let other: SigningKey

    init() throws {
        identity = try SigningKey(keyID: "ed25519:0", seed: Array(repeating: 7, count: 32))
        other = try SigningKey(keyID: "ed25519:0", seed: Array(repeating: 8, count: 32))
    }

    /// A room in which Carol has invited somebody by e-mail; she may have gone since.
    private func scene(_ version: Int, keys: JSONObject? = nil) throws -> RuleScene {
        var scene = try RuleScene(version)
        try scene.set(
            "m.room.third_party_invite", key: "token", by: RuleScene.carol,
            keys ?? ["public_key": .string(UnpaddedBase64.encode(identity.publicKey))])
        return scene
    }

    private func signed(
        mxid: JSONValue? = .string(RuleScene.bob), token: JSONValue? = "token", by key: SigningKey? = nil
    ) throws -> JSONObject {
        var object = JSONObject()
        object["mxid"] = mxid
        object["token"] = token
        return JSONSigning.sign(object, as: try #require(ServerName("id.test")), with: key ?? identity)
    }

    private func invite(
        _ scene: RuleScene, _ third: JSONValue, by sender: String = RuleScene.carol, of user: String = RuleScene.bob
    ) throws -> AuthRule? {
        try scene.membership("invite", by: sender, of: user, ["third_party_invite": third])
    }

    @Test(arguments: RuleScene.all)
    func aSignedInvitePasses(version: Int) throws {
        var scene = try scene(version)
        let third: JSONValue = ["signed": .object(try signed()), "display_name": "bob"]
        #expect(try invite(scene, third) == nil)
        // Neither membership nor level of the sender matters, nor the target's unless banned.
        for membership in ["leave", "invite", "join", "knock"] {
            try scene.member(RuleScene.bob, membership)
            try scene.member(RuleScene.carol, membership)
            #expect(try invite(scene, third) == nil)
        }
        try scene.member(RuleScene.bob, "ban")
        #expect(try invite(scene, third) == .thirdPartyBanned)
    }

    @Test(arguments: RuleScene.all)
    func eachPartMustFit(version: Int) throws {
        let scene = try scene(version)
        func verdict(_ signed: JSONObject, by sender: String = RuleScene.carol) throws -> AuthRule? {
            try invite(scene, ["signed": .object(signed)], by: sender)
        }
        #expect(try invite(scene, [:]) == .thirdPartyUnsigned)
        #expect(try invite(scene, nil) == .thirdPartyUnsigned)
        #expect(try invite(scene, ["signed": "x"]) == .thirdPartyIncomplete)
        #expect(try verdict(signed(mxid: nil)) == .thirdPartyIncomplete)
        #expect(try verdict(signed(mxid: 1)) == .thirdPartyIncomplete)
        #expect(try verdict(signed(token: nil)) == .thirdPartyIncomplete)
        #expect(try verdict(signed(mxid: "@eve:b.test")) == .thirdPartyOfOther)
        #expect(try verdict(signed(token: "other")) == .thirdPartyUnknown)
        #expect(try verdict(signed(), by: RuleScene.alice) == .thirdPartySenderDiffers)
        #expect(try verdict(signed(by: other)) == .thirdPartySignatureInvalid)
        var changed = try signed()
        changed["x"] = 1
        #expect(try verdict(changed) == .thirdPartySignatureInvalid)
        var bare = try signed()
        bare["signatures"] = nil
        #expect(try verdict(bare) == .thirdPartySignatureInvalid)
    }

    @Test(arguments: RuleScene.all)
    func anyOfTheKeysWillDo(version: Int) throws {
        let key = UnpaddedBase64.encode(identity.publicKey)
        let urlSafe = UnpaddedBase64.encode(identity.publicKey, alphabet: .urlSafe)
        let wrong = UnpaddedBase64.encode(other.publicKey)
        let third: JSONValue = ["signed": .object(try signed())]
        func passes(_ keys: JSONObject) throws -> Bool { try invite(scene(version, keys: keys), third) == nil }
        #expect(try passes(["public_keys": [["public_key": .string(wrong)], ["public_key": .string(key)]]]))
        #expect(try passes(["public_key": .string(wrong), "public_keys": [["public_key": .string(key)]]]))
        #expect(try passes(["public_key": .string(key), "public_keys": [1, nil, [:], ["public_key": "?"]]]))
        #expect(try passes(["public_key": .string(urlSafe)]))
        #expect(try !passes(["public_key": .string(wrong), "public_keys": [["public_key": .string(wrong)]]]))
        #expect(try !passes(["public_keys": .string(key)]))
        #expect(try !passes([:]))
    }

    @Test func floodsOfSignaturesEndAtTheLimit() throws {
        // A hundred keys and a hundred wrong signatures before the right one: more pairs than are tried.
        var object = try signed(by: other)
        var wrong = JSONObject()
        for number in 0..<100 {
            wrong["ed25519:\(number)"] = object["signatures"]?["id.test"]?["ed25519:0"]
        }
        let right = try signed()["signatures"]?["id.test"]?["ed25519:0"]
        object["signatures"] = ["a": .object(wrong), "b": ["ed25519:0": try #require(right)]]
        let wrongKey: JSONValue = ["public_key": .string(UnpaddedBase64.encode([9] + other.publicKey.dropFirst()))]
        func keys(_ count: Int) -> JSONObject {
            let rightKey: JSONValue = ["public_key": .string(UnpaddedBase64.encode(identity.publicKey))]
            return ["public_keys": .array(Array(repeating: wrongKey, count: count) + [rightKey])]
        }
        let third: JSONValue = ["signed": .object(object)]
        #expect(try invite(scene(12, keys: keys(3)), third) == nil)
        #expect(try invite(scene(12, keys: keys(100)), third) == .thirdPartySignatureInvalid)
    }
}
