import CanonicalJSON
import Identifiers
import RoomRules
import Testing

@Suite struct ServerACLTests {
    private func allows(_ content: JSONObject, _ server: String) throws -> Bool {
        ServerACL(content: content).allows(try #require(ServerName(server)))
    }

    @Test(arguments: [
        ("good.example", true), ("good.example:8448", true), ("evil.com", false), ("EVIL.com", false),
        ("a.evil.com", false), ("1.2.3.4", false), ("1.2.3.4:80", false), ("[::1]", false), ("[::1]:80", false),
        ("1.2.3.4.example", true), ("1.2.3.256", true),
    ]) func denyGoesBeforeAllowAndLiteralsBeforeBoth(server: String, isAllowed: Bool) throws {
        let content: JSONObject = ["allow": ["*"], "deny": ["*evil.com"], "allow_ip_literals": false]
        #expect(try allows(content, server) == isAllowed)
    }

    @Test func whatIsNotAllowedIsDenied() throws {
        #expect(try !allows([:], "good.example"))
        #expect(try !allows(["allow": "*"], "good.example"))
        #expect(try allows(["allow": [7, "*.example"]], "good.example"))
        #expect(try !allows(["allow": ["*.example"]], "example"))
        #expect(try allows(["allow": ["*"]], "[::1]"))
    }
}
