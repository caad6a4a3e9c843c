import Foundation
import Identifiers
import Testing

/// Spec v1.19, appendices, "Identifier Grammar".
@Suite struct IdentifierGrammarTests {
    private static let server = String(repeating: "s", count: 200)

    /// `@`, a localpart of as many bytes as it takes, and the server: `count` bytes in all.
    private static func user(_ count: Int) -> String {
        "@" + String(repeating: "u", count: count - server.utf8.count - 2) + ":" + server
    }

    private static let users: [(text: String, isUser: Bool, isStrict: Bool)] = [
        ("@alice:a.test", true, true), ("@a.z_0=9-/+:a.test:8448", true, true), ("@a:[::1]:8448", true, true),
        (user(255), true, true), (user(256), false, false),
        // The historical grammar: anything but a colon and NUL, or nothing.
        ("@:a.test", true, false), ("@Alice:a.test", true, false), ("@a b\u{7f}\u{1}\n:a.test", true, false),
        ("@é😀:a.test", true, false), ("@@:a.test", true, false),
        ("@a\u{0}b:a.test", false, false), ("alice:a.test", false, false), ("@alice", false, false),
        ("@alice:", false, false), ("@alice:a test", false, false), ("@a:b:c", false, false), ("", false, false),
        ("@", false, false), ("#alice:a.test", false, false), ("＠alice:a.test", false, false),
    ]

    @Test(arguments: users)
    func userIDs(text: String, isUser: Bool, isStrict: Bool) throws {
        let user = UserID(text)
        #expect((user != nil) == isUser)
        #expect(user?.isStrict ?? false == isStrict)
        guard let user else { return }
        #expect(user.rawValue == text)
        #expect("@\(user.localpart):\(user.server)" == text)
    }

    @Test func localUsersAreStrict() throws {
        let server = try #require(ServerName("a.test"))
        #expect(UserID(localpart: "alice", server: server)?.rawValue == "@alice:a.test")
        for localpart in ["", "Alice", "a b", "a:b", "é", String(repeating: "a", count: 248)] {
            #expect(UserID(localpart: localpart, server: server) == nil, "\(localpart)")
        }
        #expect(UserID(localpart: String(repeating: "a", count: 247), server: server)?.rawValue.utf8.count == 255)
    }

    private static let servers: [(text: String, isServer: Bool)] = [
        ("matrix.org", true), ("matrix.org:8888", true), ("1.2.3.4", true), ("1.2.3.4:1234", true),
        ("[1234:5678::abcd]", true), ("[1234:5678::abcd]:5678", true), ("[::ffff:1.2.3.4]", true), ("localhost", true),
        ("a", true), ("A-b.C", true), ("a:1", true), ("a:65535", true), ("a:99999", true), ("[::]", true),
        (String(repeating: "s", count: 255), true), (String(repeating: "s", count: 256), false),
        ("", false), (":8448", false), ("a:", false), ("a:123456", false), ("a:b", false), ("a:1:2", false),
        ("a b", false), ("a_b", false), ("é.test", false), ("a/b", false), ("a\u{0}", false), ("a@b", false),
        ("[]", false), ("[::1", false), ("::1", false), ("[::1]x", false), ("[::1]:", false), ("[::1]8448", false),
        ("[1]", false), ("[::g]", false), ("[::1]:x", false), ("a[::1]", false), ("[:: 1]", false),
        ("[" + String(repeating: ":", count: 46) + "]", false), ("a:+1", false), ("a:١", false),
    ]

    @Test(arguments: servers)
    func serverNames(text: String, isServer: Bool) {
        #expect((ServerName(text) != nil) == isServer)
    }

    @Test(
        arguments: [
            ("a.test", "a.test", nil, false), ("a.test:8448", "a.test", 8_448, false),
            ("1.2.3.4:1", "1.2.3.4", 1, true),
            ("1.2.3.456", "1.2.3.456", nil, false), ("[::1]", "[::1]", nil, true),
            ("[::1]:99999", "[::1]", 99_999, true),
        ] as [(String, String, Int?, Bool)])
    func serverNamesHaveAHostAndPerhapsAPort(text: String, host: String, port: Int?, isLiteral: Bool) throws {
        let server = try #require(ServerName(text))
        #expect(server.host == host)
        #expect(server.port == port)
        #expect(server.isIPLiteral == isLiteral)
    }

    @Test func serverNamesAreCaseSensitive() {
        #expect(ServerName("a.test") != ServerName("A.test"))
        #expect(UserID("@a:a.test") != UserID("@a:A.test"))
    }

    private static let aliases: [(text: String, isAlias: Bool)] = [
        ("#a:a.test", true), ("#é 😀\u{1}#:a.test:8448", true), ("##:a.test", true),
        ("#:a.test", false), ("#a", false), ("#a:", false), ("#a\u{0}:a.test", false), ("a:a.test", false),
        ("#a:b:c", false), ("", false), ("#" + user(255).dropFirst(), true), ("#" + user(256).dropFirst(), false),
    ]

    @Test(arguments: aliases)
    func roomAliases(text: String, isAlias: Bool) {
        #expect((RoomAlias(text) != nil) == isAlias)
    }

    private static let opaque: [(text: String, isValid: Bool)] = [
        ("a:a.test", true), ("31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", true), ("a/+b", true), ("é\u{1} ", true),
        ("a", true), (String(repeating: "x", count: 254), true), (String(repeating: "x", count: 255), false),
        (String(repeating: "é", count: 127), true), (String(repeating: "é", count: 128), false),
        ("", false), ("a\u{0}b", false),
    ]

    @Test(arguments: opaque)
    func roomAndEventIDs(text: String, isValid: Bool) {
        #expect((RoomID("!" + text) != nil) == isValid)
        #expect((EventID("$" + text) != nil) == isValid)
        #expect(RoomID("$" + text) == nil)
        #expect(EventID("!" + text) == nil)
        #expect(RoomID(text) == nil)
        #expect(EventID(text) == nil)
    }

    @Test func roomsHaveAServerBeforeVersion12() {
        #expect(RoomID("!a:a.test:8448")?.server == ServerName("a.test:8448"))
        #expect(RoomID("!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM")?.server == nil)
        #expect(RoomID("!a:b c")?.server == nil)
    }

    @Test func deviceIDsAreOpaque() {
        #expect(DeviceID("A device é") != nil)
        #expect(DeviceID(String(repeating: "d", count: 255)) != nil)
        #expect(DeviceID(String(repeating: "d", count: 256)) == nil)
        #expect(DeviceID("") == nil)
        #expect(DeviceID("a\u{0}") == nil)
    }

    @Test func identifiersReadAndWriteAsStrings() throws {
        let user = try #require(UserID("@a:b"))
        let json = try JSONEncoder().encode([user])
        #expect(String(decoding: json, as: UTF8.self) == #"["@a:b"]"#)
        #expect(try JSONDecoder().decode([UserID].self, from: json) == [user])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([RoomID].self, from: json) }
    }

    @Test func keyIDsHaveAnAlgorithmAndAName() throws {
        let key = try #require(KeyID("signed_curve25519:AAA:B"))
        #expect(key.algorithm == "signed_curve25519")
        for text in ["", ":", "a:", ":a", "a", "a:b\0", "a:" + String(repeating: "b", count: 254)] {
            #expect(KeyID(text) == nil, "\(text)")
        }
    }
}
