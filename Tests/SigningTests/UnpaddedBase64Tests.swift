import Signing
import Testing

@Suite struct UnpaddedBase64Tests {
    /// Spec v1.19, appendices, "Unpadded Base64".
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func specExamples(plain: String, encoded: String) {
        #expect(UnpaddedBase64.encode(plain.utf8) == encoded)
        #expect(UnpaddedBase64.decode(encoded) == Array(plain.utf8))
    }

    @Test func alphabetsDifferInTwoSymbols() {
        let bytes: [UInt8] = [0xFB, 0xFF, 0xBF]
        #expect(UnpaddedBase64.encode(bytes) == "+/+/")
        #expect(UnpaddedBase64.encode(bytes, alphabet: .urlSafe) == "-_-_")
        #expect(UnpaddedBase64.decode("+/+/") == bytes)
        #expect(UnpaddedBase64.decode("-_-_", alphabet: .urlSafe) == bytes)
        #expect(UnpaddedBase64.decode("-_-_") == nil)
        #expect(UnpaddedBase64.decode("+/+/", alphabet: .urlSafe) == nil)
    }

    @Test(arguments: ["Zg==", "Zm8=", "Zm9v"])
    func paddingIsAccepted(encoded: String) {
        #expect(UnpaddedBase64.decode(encoded)?.starts(with: "f".utf8) == true)
    }

    @Test(arguments: ["Z", "Zg=", "Z===", "====", "Zm9vY", "Zm 8", "Zm8\n", "Zé", "Zg==Zg=="])
    func nonsenseIsRefused(encoded: String) {
        #expect(UnpaddedBase64.decode(encoded) == nil)
    }

    @Test func everyByteComesBack() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
            #expect(UnpaddedBase64.decode(UnpaddedBase64.encode(bytes)) == bytes)
        }
    }
}
