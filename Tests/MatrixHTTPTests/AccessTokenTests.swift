import Identifiers
import MatrixHTTP
import Testing

@Suite struct AccessTokenTests {
    // Checksums (zip's CRC-32), bucket and hash were computed elsewhere.
    private static let known = "apus_abcdefgh_000102030405060708090a0b0c0d0e0f_85bfdd61"
    private static let withLeadingZeroes = "apus_abcdefgh_0000000000000000000000000000006c_001d5d72"

    private func user(_ text: String) throws -> UserID { try #require(UserID(text)) }

    @Test func wellFormedTokensAreTaken() throws {
        for text in [Self.known, Self.withLeadingZeroes] {
            let token = try #require(AccessToken(text))
            #expect(token.text == text)
            #expect(token.bucket == "abcdefgh")
        }
        let hash = try #require(AccessToken(Self.known)).hash.map { String($0, radix: 16) }.joined(separator: " ")
        #expect(hash.hasPrefix("4a a 8b d6 a8 e1 b2 fc 64 92 ae 22"))
        #expect(hash.hasSuffix("1b 3c dc 95 22 d7 60 68 46 a4"))
    }

    private static let slips = [
        "", "apus", "apus___", "x", String(known.dropLast()), known + "0", known.uppercased(),
        known.replacing("abcdefgh", with: "abcdefgi"), known.replacing("0e0f", with: "0e0e"),
        known.replacing("apus_", with: "syt_"), known.replacing("_", with: "-"), " " + known, known + "_x",
        known.replacing("85bfdd61", with: "85BFDD61"), known.replacing("85bfdd61", with: ""),
        "apus_" + String(repeating: "a", count: AccessToken.lengthMax) + "_00_00000000",
    ]

    @Test(arguments: slips)
    func slipsAreRefusedUnasked(text: String) { #expect(AccessToken(text) == nil) }

    @Test func freshTokensAreTakenBackAndDiffer() throws {
        let alice = try user("@alice:a.test")
        let tokens = (0..<100).map { _ in AccessToken.make(for: alice) }
        #expect(Set(tokens).count == 100)
        for token in tokens {
            #expect(AccessToken(token.text) == token)
            #expect(token.bucket == "7yhnembb")
            #expect(token.text.utf8.count <= AccessToken.lengthMax)
            #expect(token.text.utf8.allSatisfy { $0 == UInt8(ascii: "_") || ($0 >= 48 && $0 <= 122) })
        }
    }

    @Test func theBucketIsTheUsersEverywhere() throws {
        #expect(AccessToken.bucket(of: try user("@alice:a.test")) == "7yhnembb")
        #expect(AccessToken.bucket(of: try user("@bob:b.test")) == "ep3o4fph")
        let token = AccessToken.make(for: try user("@bob:b.test"))
        #expect(AccessToken.make(for: token.bucket).bucket == token.bucket)
    }
}
