import Identifiers
import Push
import Testing

/// How mails about what is unread read.
@Suite struct MailDigestTests {
    private static let at = Timestamp(milliseconds: 1_700_000_000_000)

    private func item(_ sender: String, _ kind: MailDigest.Kind) -> MailDigest.Item {
        MailDigest.Item(sender: sender, sentAt: Self.at, kind: kind)
    }

    private func room(_ name: String?, unread: Int64 = 1, _ items: [MailDigest.Item]) throws -> MailDigest.Room {
        MailDigest.Room(id: try #require(RoomID("!r/1:test.example")), name: name, unread: unread, items: items)
    }

    private func digest(_ rooms: [MailDigest.Room]) throws -> MailDigest {
        MailDigest(
            reader: try #require(UserID("@bert:test.example")), server: try #require(ServerName("test.example")),
            rooms: rooms, roomLinkPrefix: "https://matrix.to/#/", unsubscribeURL: "https://test.example/stop")
    }

    @Test func aMailSaysWhoWroteWhatWhere() throws {
        let rooms = [
            try room(
                "Kitchen", unread: 5,
                [item("Anna", .message("Is there cake?")), item("Carl", .encrypted), item("Carl", .message(nil))]),
            try room(nil, [item("Dora", .invite), item("Dora", .other)]),
        ]
        let expected = """
            Hello bert,

            this is new on test.example, and unread:

            * Kitchen
              https://matrix.to/#/!r%2F1:test.example

              (2 more before)
              Anna, 2023-11-14 22:13 UTC:
                Is there cake?
              Carl, 2023-11-14 22:13 UTC sent an encrypted message.
              Carl, 2023-11-14 22:13 UTC sent a message.

            * Dora
              https://matrix.to/#/!r%2F1:test.example

              Dora, 2023-11-14 22:13 UTC invites you.
              Dora, 2023-11-14 22:13 UTC did something.

            --\u{20}
            You get this mail because @bert:test.example asked for it. Not any more:
            https://test.example/stop

            """
        #expect(try digest(rooms).text == expected)
    }

    @Test func theSubjectNamesTheRoomOrWhoWrote() throws {
        let said = item("Anna", .message("hi"))
        #expect(try digest([room("Kitchen", [said])]).subject == "New messages in Kitchen")
        #expect(try digest([room(nil, [said, said])]).subject == "New messages from Anna")
        #expect(
            try digest([room(nil, ["A", "B", "C", "D"].map { item($0, .encrypted) })]).subject
                == "New messages from A, B, C and others")
        #expect(try digest([room("Kitchen", [item("Anna", .invite)])]).subject == "Anna invites you to Kitchen")
        #expect(try digest([room(nil, [item("Anna", .invite)])]).subject == "Anna invites you to a room")
        let two = [try room("Kitchen", [said]), try room("Hall", [said])]
        #expect(try digest(two).subject == "New messages in Kitchen and 1 other")
        #expect(try digest(two + [room(nil, [said])]).subject == "New messages in Kitchen and 2 others")
    }

    /// Names and texts are other people's: they end, and stay in their line.
    @Test(arguments: [
        ("a\r\nBcc: b@c", "a Bcc: b@c"), ("a\u{202E}b", "a b"), ("a\u{2028}b\u{0}c", "a b c"),
        ("\u{1F469}\u{200D}\u{1F373}", "\u{1F469}\u{200D}\u{1F373}"),
    ])
    func textsOfOthersStayInTheirLine(text: String, shown: String) throws {
        let digest = try digest([room(text, [item(text, .message(text))])])
        #expect(digest.subject == "New messages in \(shown)")
        #expect(digest.text.contains("\n    \(shown)\n"))
    }

    @Test func namesAndMessagesEnd() throws {
        func name(_ length: Int) -> String { String(repeating: "n", count: length) }
        func subject(_ length: Int) throws -> String {
            try digest([room(name(length), [item("Anna", .encrypted)])]).subject
        }
        #expect(try subject(MailDigest.nameLengthMax).hasSuffix(" " + name(MailDigest.nameLengthMax)))
        #expect(try subject(MailDigest.nameLengthMax + 1).hasSuffix(name(MailDigest.nameLengthMax) + "…"))
        let body = String(repeating: "m", count: MailDigest.bodyLengthMax)
        #expect(try digest([room("K", [item("Anna", .message(body))])]).text.contains("    \(body)\n"))
        #expect(try digest([room("K", [item("Anna", .message(body + "m"))])]).text.contains("    \(body)…\n"))
    }
}
