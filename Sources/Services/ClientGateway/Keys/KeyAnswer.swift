import CanonicalJSON
import Identifiers
import Storage

/// What is told of users' keys (spec v1.19, "Key and signature security": who sees whose signatures).
struct KeyAnswer {
    let viewer: UserID
    private var devices = JSONObject()
    private var crossSigning: [CrossSigningUsage: JSONObject] = [:]
    private var failures = JSONObject()

    init(viewer: UserID) { self.viewer = viewer }

    /// A server cannot be asked.
    mutating func fail(_ server: ServerName) {
        failures[server.rawValue] = ["status": 503, "message": "This server does not federate."]
    }

    /// - Parameters:
    ///   - keys: `nil`: the user has none.
    ///   - wanted: of which devices the keys are wanted; none: of all.
    mutating func add(_ keys: UserKeys?, of user: UserID, devices wanted: Set<DeviceID>) {
        guard let keys else { return devices[user.rawValue] = [:] }
        let signatures = Dictionary(grouping: keys.signatures) { ByteOrderedText($0.target) }
        var own = JSONObject()
        for (device, keys) in keys.devices where wanted.isEmpty || wanted.contains(device) {
            var json = Self.signed(keys.json, signatures[device.text] ?? [])
            json["unsigned"] = .object(
                JSONObject(keys.displayName.map { [("device_display_name", .string($0))] } ?? []))
            own[device.rawValue] = .object(json)
        }
        devices[user.rawValue] = .object(own)
        for (usage, key) in keys.crossSigning where usage != .userSigning || user == viewer {
            let json: JSONObject
            do { json = try JSONObject.parse(key.json) } catch { preconditionFailure("keys are stored as JSON") }
            crossSigning[usage, default: [:]][user.rawValue] = .object(
                Self.signed(json, signatures[ByteOrderedText(key.publicKey)] ?? []))
        }
    }

    var json: JSONObject {
        [
            "device_keys": .object(devices), "failures": .object(failures),
            "master_keys": .object(crossSigning[.master] ?? [:]),
            "self_signing_keys": .object(crossSigning[.selfSigning] ?? [:]),
            "user_signing_keys": .object(crossSigning[.userSigning] ?? [:]),
        ]
    }

    /// A key with the signatures that came later.
    private static func signed(_ key: JSONObject, _ signatures: [KeySignatureRow]) -> JSONObject {
        guard !signatures.isEmpty else { return key }
        var all = key["signatures"]?.objectValue ?? [:]
        for signature in signatures {
            var own = all[signature.signer.rawValue]?.objectValue ?? [:]
            own[signature.signerKey.rawValue] = .string(signature.signature)
            all[signature.signer.rawValue] = .object(own)
        }
        var signed = key
        signed["signatures"] = .object(all)
        return signed
    }
}
