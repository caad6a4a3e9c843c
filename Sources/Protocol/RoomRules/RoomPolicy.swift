import CanonicalJSON
import Events
import Identifiers
import Signing

/// The policy server a room names in `m.room.policy` (spec v1.19, server-server API, "Policy Servers").
///
/// Whether it is in use depends on more: somebody of that server has to be in the room.
public struct RoomPolicy: Sendable {
    /// What policy servers call the key they sign with.
    public static let keyID = "ed25519:policy_server"

    public let server: ServerName
    public let key: VerificationKey

    /// `nil` when the event's content names no server, or no key that can be used.
    public init?(content: JSONObject) {
        guard let server = content["via"]?.stringValue.flatMap({ ServerName($0) }),
            let key = content["public_keys"]?["ed25519"]?.stringValue.flatMap({ UnpaddedBase64.decode($0) })
                .flatMap({ VerificationKey($0) })
        else { return nil }
        self.server = server
        self.key = key
    }

    /// Whether the server has a say in `event`: in all but the one that names it, so that it can be dismissed.
    public static func covers(_ event: Event) -> Bool { event.stateMapKey != .policy }

    /// Whether the server has signed the event.
    public func hasSigned(_ event: JSONObject, rules: RoomVersionRules) -> Bool {
        EventHashing.hasValidSignature(event, by: server, keyID: Self.keyID, key: key, redact: rules.redactEvent)
    }

    /// The event with a signature of the server beside those it has, valid or not.
    public func adding(_ signature: String, to event: JSONObject) -> JSONObject {
        var signed = event
        signed.addSignature(signature, of: server, keyID: Self.keyID)
        return signed
    }
}
