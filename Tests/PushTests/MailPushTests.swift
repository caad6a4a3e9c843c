import CanonicalJSON
import Identifiers
import OutboundHTTP
import Push
import Storage
import TestSupport
import Testing
import WorkerContracts

/// What goes by mail, when, and when not.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct MailPushTests {
    private static let address = "bert@else.where"

    private func settings(_ trap: MailTrap, delay: Duration = .milliseconds(100)) throws -> MailDigestSettings {
        MailDigestSettings(
            email: EmailSettings(
                server: MailServer(host: "127.0.0.1", port: trap.port, security: .none, helloName: "test.example"),
                sender: try #require(EmailAddress("noreply@test.example")), senderName: "Test"),
            server: try #require(ServerName(TestDatabase.serverName)),
            links: UnsubscribeLinks(publicURL: "https://test.example/", secret: Array("secret".utf8)), delay: delay,
            showsMessages: true, roomLinkPrefix: "https://matrix.to/#/")
    }

    /// Anna and Bert in a room, and a mail pusher of Bert's.
    private func with(
        delay: Duration = .milliseconds(100),
        _ body: (PushWorld, MailTrap, MailDigestSettings, Scene) async throws -> Void
    ) async throws {
        try await MailTrap.with { trap in
            try await PushWorld.with { world in
                let (anna, bert) = (try await world.person("anna"), try await world.person("bert"))
                let settings = try settings(trap, delay: delay)
                try await world.startWorker(mail: settings)
                try await world.waitForParts()
                try await world.addMailPusher(Self.address, of: bert)
                let room = try await world.room([anna, bert])
                try await body(world, trap, settings, Scene(anna: anna, bert: bert, room: room))
            }
        }
    }

    private struct Scene {
        let anna: UserID
        let bert: UserID
        let room: RoomID
    }

    @Test func whatIsUnreadComesInOneMailAndTheNextComesLater() async throws {
        try await with(delay: .seconds(1)) { world, trap, settings, scene in
            try await world.say("first", by: scene.anna, in: scene.room)
            try await world.say("second", by: scene.anna, in: scene.room)
            try await waitUntil { trap.mails.count == 1 }
            let mail = try #require(trap.mails.first)
            #expect(mail.recipients == [Self.address])
            #expect(mail.body.contains("first") && mail.body.contains("second"))
            #expect(mail.text.contains("Subject: New messages in The room\r\n"))
            let link = settings.links.url(for: try await world.pusher())
            #expect(mail.text.contains("List-Unsubscribe: <\(link)>\r\n") && mail.body.contains(link))
            try await waitUntil { try await world.waiting() == 0 }
            #expect(try await world.mailPause() == 1)
            // Nothing is read meanwhile: each mail comes twice as late as the one before.
            for pause in [2.0, 4.0] {
                try await world.say("more", by: scene.anna, in: scene.room)
                try await world.endMailPause()
                try await waitUntil { try await world.mailPause() == pause }
            }
            #expect(trap.mails.count == 3)
            // What was read makes the next come soon.
            let last = try await world.say("last", by: scene.anna, in: scene.room)
            try await world.read(last, by: scene.bert, in: scene.room, at: Timestamp(milliseconds: .max / 2))
            try await world.say("after", by: scene.anna, in: scene.room)
            try await world.endMailPause()
            try await waitUntil { try await world.mailPause() == 1 }
            #expect(trap.mails.last?.body.contains("after") == true && trap.mails.last?.body.contains("last") == false)
        }
    }

    @Test func whatIsReadInTimeMakesNoMail() async throws {
        try await with(delay: .seconds(2)) { world, trap, _, scene in
            let event = try await world.say("seen", by: scene.anna, in: scene.room)
            try await waitUntil { try await world.waiting() == 1 }
            try await world.read(event, by: scene.bert, in: scene.room)
            try await waitUntil { try await world.waiting() == 0 }
            #expect(trap.mails.isEmpty)
        }
    }

    @Test func aMailThatIsNotTakenIsSentAgainWithTheSameID() async throws {
        try await with { world, trap, _, scene in
            trap.refuse(with: "451 later")
            let event = try await world.say("hello", by: scene.anna, in: scene.room)
            try await waitUntil { try await world.failures() >= 2 }
            #expect(try await world.waiting() == 1)
            trap.refuse(with: nil)
            try await waitUntil { try await world.waiting() == 0 }
            #expect(trap.mails.count == 1)
            // As if the worker had died before it could note that it was sent.
            try await world.database.query(
                """
                INSERT INTO push_delivery (pusher_id, room_id, seq, event_id, tweaks)
                SELECT pusher_id, $1, 9e9::bigint, $2, '{}' FROM pusher
                """, scene.room.rawValue, event.rawValue)
            try await world.endMailPause()
            try await waitUntil { trap.mails.count == 2 }
            let ids = trap.mails.compactMap { mail in
                mail.text.split(separator: "\r\n").first { $0.hasPrefix("Message-ID: <push.") }
            }
            #expect(ids.count == 2 && Set(ids).count == 1)
        }
    }

    @Test func nobodyGetsMailsToAnAddressThatIsNotTheirsAnyMore() async throws {
        try await with { world, trap, _, scene in
            try await world.database.query("DELETE FROM third_party_id")
            try await world.say("hello", by: scene.anna, in: scene.room)
            try await waitUntil {
                try await PusherStore(database: world.database).list(of: scene.bert).isEmpty
            }
            #expect(trap.mails.isEmpty)
        }
    }

    /// While no mail is due, notifications pile up no further than for anybody else.
    @Test func whatWaitsForMailsIsBounded() async throws {
        try await TestDatabase.with { test in
            try await test.database.query(
                "INSERT INTO account (user_id, shard, created_at_ms) VALUES ('@b:test.example', 0, 0)")
            try await test.database.query(
                "INSERT INTO device (user_id, device_id, created_at_ms) VALUES ('@b:test.example', 'D', 0)")
            let pusher = Pusher(
                user: try #require(UserID("@b:test.example")), device: try #require(DeviceID("D")), appID: "m.email",
                pushkey: Self.address, kind: .email, description: [:], data: [:], setAt: Timestamp(milliseconds: 0))
            #expect(try await PusherStore(database: test.database).set(pusher, keepsOthers: true))
            try await test.database.query(
                """
                INSERT INTO push_delivery (pusher_id, room_id, seq, event_id, tweaks)
                SELECT pusher_id, '!r', n, '$' || n, '{}' FROM pusher, generate_series(1, $1) AS n
                """, Int64(PushWorkStore.waitingMax + 1))
            let work = PushWorkStore(database: test.database)
            try await work.trim([pusher.part])
            let rows = try await test.database.query("SELECT min(seq) AS least, count(*) AS n FROM push_delivery")
            #expect(try rows[0].int64("n") == Int64(PushWorkStore.waitingMax))
            #expect(try rows[0].int64("least") == 2)
        }
    }
}
