import CanonicalJSON
import Identifiers
import Signing
import Testing

@Suite struct RequestSigningTests {
    @Test func headerNamesBothServersAndItsSignatureCoversTheRequest() throws {
        let key = try SigningKey(keyID: "ed25519:a_1", seed: Array(repeating: 3, count: 32))
        let (origin, destination) = (
            try #require(ServerName("one.example")), try #require(ServerName("two.example:8448"))
        )
        let header = RequestSigning.authorization(
            "POST", "/_matrix/x?y=z", content: ["b": 1, "a": "text"], from: origin, to: destination, with: key)
        let start = #"X-Matrix origin="one.example",destination="two.example:8448",key="ed25519:a_1",sig=""#
        #expect(header.hasPrefix(start))
        let signature = try #require(UnpaddedBase64.decode(header.dropFirst(start.count).dropLast()))
        let covered =
            #"{"content":{"a":"text","b":1},"destination":"two.example:8448","method":"POST","origin":"one.example","#
            + #""uri":"/_matrix/x?y=z"}"#
        let verification = try #require(VerificationKey(key.publicKey))
        #expect(verification.isValid(signature: signature, of: Array(covered.utf8)))
    }

    @Test func aRequestWithoutABodyHasNoContent() throws {
        let server = try #require(ServerName("one.example"))
        let covered = RequestSigning.covered("GET", "/", content: nil, from: server, to: server)
        #expect(covered["content"] == nil)
    }
}
