import CanonicalJSON
import Identifiers
import Signing
import Testing

/// Somebody who makes keys and signs them, as a client does.
struct KeyOwner {
    let session: Gateway.Session
    private let seeds: [String: SigningKey]

    /// - Parameter number: makes other keys than other numbers.
    init(_ session: Gateway.Session, number: UInt8 = 1) throws {
        self.session = session
        var seeds: [String: SigningKey] = [:]
        for (index, name) in ["device", "master", "self_signing", "user_signing"].enumerated() {
            seeds[name] = try SigningKey(
                keyID: "ed25519:x", seed: Array(repeating: number &* 16 &+ UInt8(index), count: 32))
        }
        self.seeds = seeds
    }

    var user: String { session.user.rawValue }
    var device: String { session.device.rawValue }

    func publicKey(_ name: String) throws -> String {
        UnpaddedBase64.encode(try #require(seeds[name]).publicKey)
    }

    /// What the key of this name is called in signatures.
    private func keyID(_ name: String) throws -> String {
        name == "device" ? "ed25519:\(device)" : "ed25519:\(try publicKey(name))"
    }

    /// `object` with a signature by the key called `name`.
    func signed(_ object: JSONObject, by name: String) throws -> JSONObject {
        let signature = UnpaddedBase64.encode(try #require(seeds[name]).sign(JSONSigning.signedBytes(of: object)))
        var signatures = object["signatures"]?.objectValue ?? [:]
        var own = signatures[user]?.objectValue ?? [:]
        own[try keyID(name)] = .string(signature)
        signatures[user] = .object(own)
        var signed = object
        signed["signatures"] = .object(signatures)
        return signed
    }

    /// The device's identity keys.
    func identity() throws -> JSONObject {
        try signed(
            [
                "user_id": .string(user), "device_id": .string(device), "algorithms": ["m.megolm.v1.aes-sha2"],
                "keys": ["ed25519:\(device)": .string(try publicKey("device"))],
            ], by: "device")
    }

    /// A cross-signing key, signed by the master key unless it is that.
    func key(_ name: String) throws -> JSONObject {
        let publicKey = try publicKey(name)
        let object: JSONObject = [
            "user_id": .string(user), "usage": [.string(name)], "keys": ["ed25519:\(publicKey)": .string(publicKey)],
        ]
        return name == "master" ? object : try signed(object, by: "master")
    }

    /// All cross-signing keys, as they are uploaded.
    func crossSigning() throws -> JSONObject {
        [
            "master_key": .object(try key("master")), "self_signing_key": .object(try key("self_signing")),
            "user_signing_key": .object(try key("user_signing")),
        ]
    }
}
