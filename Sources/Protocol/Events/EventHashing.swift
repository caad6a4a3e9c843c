import CanonicalJSON
import Crypto
import Identifiers
import Signing

// An event has two hashes (spec v1.19, server-server API, "Signing Events"). The content hash covers all of it and
// stands inside; a redacted copy fails it. The reference hash covers what redaction leaves, the content hash included,
// so it is the same for the full and the redacted event: from room version 3 on it is the event's ID, and it is what
// servers sign.

/// Redaction as the event's room version has it.
public typealias EventRedaction = (JSONObject) -> JSONObject

/// Content and reference hashes, event IDs and event signatures.
public enum EventHashing {
    /// SHA-256 of the event without `unsigned`, `signatures` and `hashes`: what stands in `hashes.sha256`.
    public static func contentHash(_ json: JSONObject) -> [UInt8] {
        var covered = json
        covered["unsigned"] = nil
        covered["signatures"] = nil
        covered["hashes"] = nil
        return Array(SHA256.hash(data: covered.bytes()))
    }

    /// SHA-256 of the redacted event without `signatures` and `unsigned`.
    public static func referenceHash(_ json: JSONObject, redact: EventRedaction) -> [UInt8] {
        Array(SHA256.hash(data: JSONSigning.signedBytes(of: redact(json))))
    }

    /// The event's ID: computed, or in version 1's format read from `event_id`.
    public static func eventID(
        _ json: JSONObject, format: EventFormat, redact: EventRedaction
    ) throws(EventError) -> EventID {
        let text: String?
        switch format {
        case .v1: text = json["event_id"]?.stringValue
        case .v3: text = "$" + UnpaddedBase64.encode(referenceHash(json, redact: redact), alphabet: .standard)
        case .v4, .v11, .v12:
            text = "$" + UnpaddedBase64.encode(referenceHash(json, redact: redact), alphabet: .urlSafe)
        }
        guard let id = text.flatMap({ EventID($0) }) else { throw .invalidField("event_id") }
        return id
    }

    /// Puts the content hash into `hashes`, then adds `server`'s signature over the redacted event.
    public static func hashAndSign(
        _ json: JSONObject, as server: ServerName, with key: SigningKey, redact: EventRedaction
    ) -> JSONObject {
        var event = json
        event["hashes"] = ["sha256": .string(UnpaddedBase64.encode(contentHash(json)))]
        event["signatures"] = JSONSigning.sign(redact(event), as: server, with: key)["signatures"]
        return event
    }

    /// Whether `hashes.sha256` is the event's content hash; false for a redacted copy.
    public static func hasValidContentHash(_ json: JSONObject) -> Bool {
        guard let text = json["hashes"]?["sha256"]?.stringValue, let claimed = UnpaddedBase64.decode(text) else {
            return false
        }
        return claimed == contentHash(json)
    }

    /// Whether the event, full or redacted, carries a valid signature of `server` by the key `keyID`.
    public static func hasValidSignature(
        _ json: JSONObject, by server: ServerName, keyID: String, key: VerificationKey, redact: EventRedaction
    ) -> Bool {
        JSONSigning.verify(redact(json), by: server, keyID: keyID, key: key)
    }
}
