import CanonicalJSON
import Identifiers
import Signing
import Testing

/// Spec v1.19, appendices, "Cryptographic Test Vectors".
@Suite struct JSONSigningTests {
    let key: SigningKey
    let server: ServerName

    init() throws {
        key = try SigningKey.parse(file: "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\n")
        server = try #require(ServerName("domain"))
    }

    @Test(arguments: [
        ("{}", "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"),
        (
            #"{"one":1,"two":"Two"}"#,
            "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"
        ),
    ])
    func specVectors(json: String, signature: String) throws {
        let object = try JSONObject.parse(json.utf8)
        let signed = JSONSigning.sign(object, as: server, with: key)
        #expect(signed["signatures"] == ["domain": ["ed25519:1": .string(signature)]])
        let publicKey = try #require(VerificationKey(key.publicKey))
        #expect(JSONSigning.verify(signed, by: server, keyID: "ed25519:1", key: publicKey))
    }

    @Test func otherSignaturesAndUnsignedStay() throws {
        let object: JSONObject = [
            "a": 1, "unsigned": ["age": 2], "signatures": ["other": ["ed25519:x": "s"], "domain": ["ed25519:0": "t"]],
        ]
        let signed = JSONSigning.sign(object, as: server, with: key)
        #expect(signed["unsigned"] == ["age": 2])
        #expect(signed["signatures"]?["other"] == ["ed25519:x": "s"])
        #expect(JSONSigning.keyIDs(in: signed, of: server) == ["ed25519:0", "ed25519:1"])
        let bare = JSONSigning.sign(["a": 1], as: server, with: key)
        #expect(signed["signatures"]?["domain"]?["ed25519:1"] == bare["signatures"]?["domain"]?["ed25519:1"])
    }

    @Test func aChangedObjectDoesNotVerify() throws {
        let publicKey = try #require(VerificationKey(key.publicKey))
        let signed = JSONSigning.sign(["a": 1], as: server, with: key)
        var changed = signed
        changed["a"] = 2
        #expect(!JSONSigning.verify(changed, by: server, keyID: "ed25519:1", key: publicKey))
        #expect(!JSONSigning.verify(signed, by: server, keyID: "ed25519:2", key: publicKey))
        var unsignedChange = signed
        unsignedChange["unsigned"] = ["x": 1]
        #expect(JSONSigning.verify(unsignedChange, by: server, keyID: "ed25519:1", key: publicKey))
        var broken = signed
        broken["signatures"] = ["domain": ["ed25519:1": "!"]]
        #expect(!JSONSigning.verify(broken, by: server, keyID: "ed25519:1", key: publicKey))
    }

    @Test(arguments: [
        ("", SigningKeyError.invalidFile), ("ed25519 1\n", .invalidFile), ("rsa 1 YJDB\n", .invalidFile),
        ("ed25519 1 YJDB\n", .invalidSeed), ("ed25519 1 ?\n", .invalidSeed),
        ("ed25519 a:b YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\n", .invalidKeyID),
        ("ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\ned25519 2 x\n", .invalidFile),
    ])
    func badKeyFilesAreRefused(file: String, error: SigningKeyError) {
        #expect(throws: error) { try SigningKey.parse(file: file) }
    }

    @Test func keyFilesComeBackAndSecretsDoNotPrint() throws {
        let again = try SigningKey.parse(file: key.fileLine)
        #expect(again.publicKey == key.publicKey)
        #expect(String(describing: key) == "SigningKey(ed25519:1)")
    }
}
