import OutboundHTTP
import TestSupport
import Testing

@Suite struct MailTests {
    private func message(to recipient: String = "anna@else.where", subject: String = "Hello") -> MailMessage {
        MailMessage(
            sender: "noreply@test.example", senderName: "Test", recipient: recipient, subject: subject,
            text: "Grüße\n.\n" + String(repeating: "long ", count: 500), messageID: "1@test.example",
            date: "Thu, 1 Jan 1970 00:00:00 +0000")
    }

    private func server(_ port: Int) -> MailServer {
        MailServer(host: "127.0.0.1", port: port, security: .none, helloName: "test.example")
    }

    @Test func aMailArrivesAsItWasWritten() async throws {
        let client = HTTPClient()
        defer { client.shutdown() }
        try await MailTrap.with { trap in
            let mail = message(subject: "Grüße, " + String(repeating: "ä", count: 60))
            try await client.send(mail, by: server(trap.port), deadline: .now + .seconds(5))
            try await client.send(message(), by: server(trap.port), deadline: .now + .seconds(5))
            #expect(trap.mails.count == 2)
            let kept = try #require(trap.mails.first)
            #expect(kept.sender == "noreply@test.example")
            #expect(kept.recipients == ["anna@else.where"])
            #expect(kept.body == mail.text)
            let lines = kept.text.split(separator: "\r\n")
            #expect(lines.allSatisfy { $0.utf8.count <= 78 })
            #expect(lines.contains("From: Test <noreply@test.example>"))
            #expect(lines.contains { $0.hasPrefix("Subject: =?utf-8?B?") })
            #expect(trap.mails.last?.text.contains("Subject: Hello\r\n") == true)
        }
    }

    @Test func aMailThatIsNotTakenIsAnError() async throws {
        let client = HTTPClient()
        defer { client.shutdown() }
        try await MailTrap.with { trap in
            trap.refuse(with: "550 nobody here")
            await #expect(throws: HTTPClientError.self) {
                try await client.send(message(), by: server(trap.port), deadline: .now + .seconds(5))
            }
            #expect(trap.mails.isEmpty)
            // A server that does not encrypt gets nothing from who asks for that.
            trap.refuse(with: nil)
            var safe = server(trap.port)
            safe.security = .starttls
            await #expect(throws: HTTPClientError.self) {
                try await client.send(message(), by: safe, deadline: .now + .seconds(5))
            }
            #expect(trap.mails.isEmpty)
        }
    }

    @Test(arguments: ["a\r\nBcc: b@c", "a> <b", ""])
    func nothingBreaksOutOfAMailsHead(recipient: String) async throws {
        let client = HTTPClient()
        defer { client.shutdown() }
        try await MailTrap.with { trap in
            do {
                try await client.send(message(to: recipient), by: server(trap.port), deadline: .now + .seconds(5))
                Issue.record("it was sent")
            } catch let error as HTTPClientError {
                guard case .badRequest = error else {
                    Issue.record("\(error)")
                    return
                }
            }
            #expect(trap.mails.isEmpty)
        }
    }

    @Test func aMailSaysHowItsKindIsEnded() async throws {
        let client = HTTPClient()
        defer { client.shutdown() }
        try await MailTrap.with { trap in
            var mail = message()
            mail.unsubscribeURL = "https://test.example/stop?a=b"
            try await client.send(mail, by: server(trap.port), deadline: .now + .seconds(5))
            let lines = try #require(trap.mails.first).text.split(separator: "\r\n")
            #expect(lines.contains("List-Unsubscribe: <https://test.example/stop?a=b>"))
            #expect(lines.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"))
            mail.unsubscribeURL = "https://test.example/\r\nBcc: b@c"
            await #expect(throws: HTTPClientError.self) {
                try await client.send(mail, by: server(trap.port), deadline: .now + .seconds(5))
            }
        }
    }
}
