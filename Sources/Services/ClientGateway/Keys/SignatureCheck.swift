import CanonicalJSON
import Identifiers
import Storage
import WorkerContracts

// Who may sign what (spec v1.19, "Cross-signing"): the self-signing key signs the user's devices, their devices sign the
// master key, and the user-signing key signs others' master keys. Anything else would be stored for nobody.

/// Goes through signatures that somebody uploads.
struct SignatureCheck {
    typealias Signature = WriterCommand.AddSignatures.Signature

    let signer: UserID
    /// The signer's keys; `nil`: none.
    let own: UserKeys?
    private(set) var accepted: [Signature] = []
    /// By user and key, with what is wrong.
    private(set) var failures = JSONObject()

    init(signer: UserID, own: UserKeys?) {
        self.signer = signer
        self.own = own
    }

    /// Takes a key with signatures.
    ///
    /// - Parameters:
    ///   - target: the device or public key it says it is.
    ///   - known: the keys of `user`; `nil`: none.
    mutating func take(_ value: JSONValue, of user: UserID, named target: String, _ known: UserKeys?) {
        guard let object = value.objectValue else { return fail(user, target, "M_BAD_JSON", "This is no key.") }
        guard let (stored, keys) = signed(user, target, known) else {
            return fail(user, target, "M_NOT_FOUND", "There is no such key.")
        }
        guard Self.bare(object) == Self.bare(stored) else {
            return fail(user, target, "M_INVALID_SIGNATURE", "What is signed is not the key that is stored.")
        }
        let signatures = object["signatures"]?[signer.rawValue]?.objectValue ?? [:]
        let valid = keys.filter { key in signatures[key.id.rawValue] != nil && key.hasSigned(object, as: signer) }
        guard !valid.isEmpty, valid.count == signatures.count || isPartly(signatures, of: stored, valid) else {
            return fail(user, target, "M_INVALID_SIGNATURE", "A signature is not valid.")
        }
        accepted += valid.compactMap { key in
            signatures[key.id.rawValue]?.stringValue.map {
                Signature(user: user, target: target, key: key.id, signature: $0)
            }
        }
    }

    /// Clients send along the signatures that the key has had already.
    private func isPartly(_ signatures: JSONObject, of stored: JSONObject, _ valid: [PublicSigningKey]) -> Bool {
        let known = stored["signatures"]?[signer.rawValue]?.objectValue ?? [:]
        let names = Set(valid.map(\.id.text))
        return signatures.members.allSatisfy { member in
            names.contains(ByteOrderedText(member.key)) || known[member.key] == member.value
        }
    }

    /// The stored key, and the keys that may sign it.
    private func signed(
        _ user: UserID, _ target: String, _ known: UserKeys?
    ) -> (stored: JSONObject, keys: [PublicSigningKey])? {
        if user == signer, let device = DeviceID(target).flatMap({ known?.devices[$0] }) {
            return (device.json, [key(.selfSigning)].compactMap { $0 })
        }
        guard let master = known?.crossSigning[.master], master.publicKey.utf8.elementsEqual(target.utf8) else {
            return nil
        }
        let stored: JSONObject
        do { stored = try JSONObject.parse(master.json) } catch { preconditionFailure("keys are stored as JSON") }
        return (stored, user == signer ? deviceKeys : [key(.userSigning)].compactMap { $0 })
    }

    private func key(_ usage: CrossSigningUsage) -> PublicSigningKey? {
        own?.crossSigning[usage].flatMap { PublicSigningKey(publicKey: $0.publicKey) }
    }

    private var deviceKeys: [PublicSigningKey] {
        (own?.devices ?? [:]).compactMap { device, keys in
            keys.json["keys"]?["ed25519:\(device)"]?.stringValue.flatMap {
                PublicSigningKey(publicKey: $0, name: device.rawValue)
            }
        }
    }

    /// What a signature is of.
    private static func bare(_ key: JSONObject) -> JSONObject {
        var bare = key
        bare["signatures"] = nil
        bare["unsigned"] = nil
        return bare
    }

    private mutating func fail(_ user: UserID, _ target: String, _ errcode: String, _ message: String) {
        var own = failures[user.rawValue]?.objectValue ?? [:]
        own[target] = ["errcode": .string(errcode), "error": .string(message)]
        failures[user.rawValue] = .object(own)
    }
}
