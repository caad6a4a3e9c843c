import CanonicalJSON
import Identifiers

/// Signatures inside JSON objects (spec v1.19, appendices, "Signing JSON").
///
/// What canonical JSON has no form for (floats, large integers) is signed as it prints: events of old room versions
/// have such numbers; where they are forbidden they are refused before they come here.
public enum JSONSigning {
    /// The bytes a signature covers: `object` without `signatures` and `unsigned`, as canonical JSON.
    public static func signedBytes(of object: JSONObject) -> [UInt8] {
        var covered = object
        covered["signatures"] = nil
        covered["unsigned"] = nil
        return covered.bytes()
    }

    /// Adds `server`'s signature, keeping other signatures and `unsigned`.
    public static func sign(_ object: JSONObject, as server: ServerName, with key: SigningKey) -> JSONObject {
        var signed = object
        let signature = UnpaddedBase64.encode(key.sign(signedBytes(of: object)))
        signed.addSignature(signature, of: server, keyID: key.keyID)
        return signed
    }

    /// Whether `object` carries a valid signature of `signer`, a server or a user, by the key `keyID`.
    public static func verify(
        _ object: JSONObject, by signer: some Identifier, keyID: String, key: VerificationKey
    ) -> Bool {
        guard let text = object["signatures"]?[signer.rawValue]?[keyID]?.stringValue,
            let signature = UnpaddedBase64.decode(text)
        else { return false }
        return key.isValid(signature: signature, of: signedBytes(of: object))
    }

    /// The IDs of the Ed25519 keys by which `server` signed `object`, valid or not.
    public static func keyIDs(in object: JSONObject, of server: ServerName) -> [String] {
        let signatures = object["signatures"]?[server.rawValue]?.objectValue ?? JSONObject()
        return signatures.keys.filter { $0.utf8.starts(with: "ed25519:".utf8) }
    }
}

extension JSONObject {
    /// Puts a signature under `signatures`, beside those of others.
    package mutating func addSignature(_ signature: String, of server: ServerName, keyID: String) {
        var signatures = self["signatures"]?.objectValue ?? JSONObject()
        var own = signatures[server.rawValue]?.objectValue ?? JSONObject()
        own[keyID] = .string(signature)
        signatures[server.rawValue] = .object(own)
        self["signatures"] = .object(signatures)
    }
}
