import CanonicalJSON
import Events
import Identifiers
import Signing
import Testing

/// Spec v1.19, appendices, "Event Signing", and the ID rules of each format.
@Suite struct EventHashingTests {
    let key: SigningKey
    let server: ServerName

    init() throws {
        key = try SigningKey.parse(file: "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
        server = try #require(ServerName("domain"))
    }

    /// Redaction of room version 1 for event types without protected content.
    static func redact(_ json: JSONObject) -> JSONObject {
        let kept = [
            "event_id", "type", "room_id", "sender", "state_key", "hashes", "signatures", "depth", "prev_events",
            "auth_events", "origin", "origin_server_ts",
        ]
        var redacted = JSONObject()
        for key in kept { redacted[key] = json[key] }
        redacted["content"] = [:]
        return redacted
    }

    private static let minimal = """
        {"room_id": "!x:domain", "sender": "@a:domain", "origin": "domain", "origin_server_ts": 1000000,
        "signatures": {}, "hashes": {}, "type": "X", "content": {}, "prev_events": [], "auth_events": [], "depth": 3,
        "unsigned": {"age_ts": 1000000}}
        """
    private static let withContent = """
        {"content": {"body": "Here is the message content"}, "event_id": "$0:domain", "origin": "domain",
        "origin_server_ts": 1000000, "type": "m.room.message", "room_id": "!r:domain", "sender": "@u:domain",
        "signatures": {}, "unsigned": {"age_ts": 1000000}}
        """

    @Test(arguments: [
        (
            minimal, "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos",
            "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg"
        ),
        (
            withContent, "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g",
            "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA"
        ),
    ])
    func specVectors(json: String, hash: String, signature: String) throws {
        let event = try JSONObject.parse(json.utf8)
        let signed = EventHashing.hashAndSign(event, as: server, with: key, redact: Self.redact)
        #expect(signed["hashes"] == ["sha256": .string(hash)])
        #expect(signed["signatures"] == ["domain": ["ed25519:1": .string(signature)]])
        #expect(signed["unsigned"] == ["age_ts": 1_000_000])
        let publicKey = try #require(VerificationKey(key.publicKey))
        #expect(EventHashing.hasValidContentHash(signed))
        for copy in [signed, Self.redact(signed)] {
            #expect(
                EventHashing.hasValidSignature(
                    copy, by: server, keyID: "ed25519:1", key: publicKey, redact: Self.redact))
        }
    }

    @Test func aRedactedCopyFailsTheContentHashOnly() throws {
        let signed = EventHashing.hashAndSign(
            try JSONObject.parse(Self.withContent.utf8), as: server, with: key, redact: Self.redact)
        #expect(!EventHashing.hasValidContentHash(Self.redact(signed)))
        #expect(
            EventHashing.referenceHash(signed, redact: Self.redact)
                == EventHashing.referenceHash(Self.redact(signed), redact: Self.redact))
    }

    @Test func idsFollowTheFormat() throws {
        let json = try JSONObject.parse(Self.withContent.utf8)
        #expect(try EventHashing.eventID(json, format: .v1, redact: Self.redact) == EventID("$0:domain"))
        let v3 = try EventHashing.eventID(json, format: .v3, redact: Self.redact).rawValue
        #expect(UnpaddedBase64.decode(v3.dropFirst()) == EventHashing.referenceHash(json, redact: Self.redact))
        for format in [EventFormat.v4, .v11, .v12] {
            let id = try EventHashing.eventID(json, format: format, redact: Self.redact).rawValue
            #expect(
                UnpaddedBase64.decode(id.dropFirst(), alphabet: .urlSafe) == UnpaddedBase64.decode(v3.dropFirst()))
        }
    }

    @Test func unsignedAndSignaturesDoNotChangeTheID() throws {
        let json = try JSONObject.parse(Self.minimal.utf8)
        var changed = json
        changed["unsigned"] = nil
        changed["signatures"] = ["x": ["ed25519:1": "y"]]
        #expect(
            try EventHashing.eventID(json, format: .v4, redact: Self.redact)
                == EventHashing.eventID(changed, format: .v4, redact: Self.redact))
    }

    @Test func version1EventsNeedAnID() {
        #expect(throws: EventError.invalidField("event_id")) {
            try EventHashing.eventID(["type": "m"], format: .v1, redact: Self.redact)
        }
    }
}
