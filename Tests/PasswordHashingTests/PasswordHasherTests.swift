import PasswordHashing
import Testing

@Suite struct PasswordHasherTests {
    let hasher = PasswordHasher()

    @Test func thePasswordItWasMadeOfVerifies() async throws {
        let encoded = try await hasher.hash("correct horse\u{0} é")
        #expect(encoded.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try await hasher.verify("correct horse\u{0} é", against: encoded))
        #expect(try await !hasher.verify("correct horse", against: encoded))
        #expect(try await !hasher.verify("correct horse\u{0} e\u{301}", against: encoded))
        #expect(try await !hasher.verify("", against: encoded))
    }

    @Test func saltsDiffer() async throws {
        let first = try await hasher.hash("a")
        let second = try await hasher.hash("a")
        #expect(first != second)
    }

    @Test(arguments: ["", "plain", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=2,p=1$$"])
    func otherHashesAreRefused(encoded: String) async {
        await #expect(throws: PasswordHashingError.invalidHash) { try await hasher.verify("a", against: encoded) }
    }

    @Test func passwordsEndAtTheirLimit() async throws {
        let longest = String(repeating: "p", count: PasswordHasher.passwordBytesMax)
        let encoded = try await hasher.hash(longest)
        #expect(try await !hasher.verify(longest + "p", against: encoded))
        await #expect(throws: PasswordHashingError.passwordTooLong) { try await hasher.hash(longest + "p") }
    }

}
