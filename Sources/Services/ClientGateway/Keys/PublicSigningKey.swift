import CanonicalJSON
import Identifiers
import Signing

/// An Ed25519 key that somebody signs keys with, and what it is called in signatures.
struct PublicSigningKey {
    let id: KeyID
    /// In unpadded Base64.
    let publicKey: String
    private let key: VerificationKey

    /// - Parameter name: what it is called: its own public key, or a device.
    init?(publicKey: String, name: String? = nil) {
        guard let id = KeyID("ed25519:\(name ?? publicKey)"), let bytes = UnpaddedBase64.decode(publicKey),
            let key = VerificationKey(bytes)
        else { return nil }
        self.id = id
        self.publicKey = publicKey
        self.key = key
    }

    /// A cross-signing key as its owner writes it: under its own name.
    init?(id: KeyID, value: JSONValue) {
        guard let publicKey = value.stringValue, let made = PublicSigningKey(publicKey: publicKey), made.id == id else {
            return nil
        }
        self = made
    }

    /// Whether `object` has a valid signature of `signer` by this key.
    func hasSigned(_ object: JSONObject, as signer: UserID) -> Bool {
        JSONSigning.verify(object, by: signer, keyID: id.rawValue, key: key)
    }
}
