import Identifiers
import RoomReading
import TestSupport
import Testing

@Suite struct RoomReaderTests {
    @Test func membersReadUpToNow() async throws {
        try await Reading.with { reading in
            let anna = try user("anna")
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let message = try await room.send("m.room.message", by: anna)
            let view = try #require(try await reading.reader.open(room.room, for: anna))
            #expect(view.isJoined)
            #expect(view.position == message.position)
            #expect(view.isVisible(at: message.position))
        }
    }

    @Test func strangersAndTheInvitedReadNothing() async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            #expect(try await reading.reader.open(room.room, for: bert) == nil)
            try await room.setVisibility("invited", by: anna)
            try await room.setMembership("invite", of: bert, by: anna)
            #expect(try await reading.reader.open(room.room, for: bert) == nil)
            #expect(try await reading.reader.open(try #require(RoomID("!none:b")), for: bert) == nil)
        }
    }

    @Test(arguments: ["leave", "ban"]) func thoseWhoAreGoneReadUpToTheirDeparture(_ end: String) async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            try await room.setMembership("join", of: bert)
            let departure = try await room.setMembership(end, of: bert, by: anna)
            let later = try await room.send("m.room.message", by: anna)
            try await room.setMembership("invite", of: bert, by: anna)
            let view = try #require(try await reading.reader.open(room.room, for: bert))
            #expect(!view.isJoined)
            #expect(view.position == departure.position)
            #expect(view.isVisible(at: departure.position))
            #expect(!view.isVisible(at: later.position))
        }
    }

    @Test func aForgottenRoomIsClosedUntilTheUserJoinsAgain() async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            try await room.setMembership("join", of: bert)
            try await room.setMembership("leave", of: bert)
            try await room.forget(bert)
            #expect(try await reading.reader.open(room.room, for: bert) == nil)
            try await room.setMembership("invite", of: bert, by: anna)
            #expect(try await reading.reader.open(room.room, for: bert) == nil)
            try await room.setMembership("join", of: bert)
            #expect(try await reading.reader.open(room.room, for: bert)?.isJoined == true)
            let departure = try await room.setMembership("leave", of: bert)
            #expect(try await reading.reader.open(room.room, for: bert)?.position == departure.position)
        }
    }

    @Test func aWorldReadableRoomIsOpenToEverybodyWhileItIs() async throws {
        try await Reading.with { reading in
            let (anna, bert) = (try user("anna"), try user("bert"))
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let hidden = try await room.send("m.room.message", by: anna)
            try await room.setVisibility("world_readable", by: anna)
            let shown = try await room.send("m.room.message", by: anna)
            let view = try #require(try await reading.reader.open(room.room, for: bert))
            #expect(!view.isVisible(at: hidden.position))
            #expect(view.isVisible(at: shown.position))
            try await room.setVisibility("shared", by: anna)
            #expect(try await reading.reader.open(room.room, for: bert) == nil)
        }
    }

    @Test func aViewOfThePastDoesNotKnowWhatCameAfter() async throws {
        try await Reading.with { reading in
            let anna = try user("anna")
            let room = try await StoredRoom.create(in: reading.database, by: anna)
            let first = try await room.send("m.room.message", by: anna)
            try await room.setMembership("leave", of: anna)
            let view = try #require(try await reading.views.view(of: room.room, for: anna, at: first.position))
            #expect(view.isJoined)
            #expect(!view.isVisible(at: first.position.advanced(by: 1)))
        }
    }
}
