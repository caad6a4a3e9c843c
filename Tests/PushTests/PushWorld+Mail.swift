import Identifiers
import Storage
import TestSupport
import Testing
import WorkerContracts

extension PushWorld {
    /// An address of a user's, and a pusher that tells them by mail.
    func addMailPusher(_ address: String, of user: UserID) async throws {
        try await database.query(
            "INSERT INTO third_party_id VALUES ('email', $1, $2, 1, 1)", address, user.rawValue)
        let pusher = Pusher(
            user: user, device: try #require(DeviceID("D")), appID: "m.email", pushkey: address, kind: .email,
            description: ["lang": "en"], data: [:], setAt: Timestamp(milliseconds: 5_000))
        #expect(try await PusherStore(database: database).set(pusher, keepsOthers: true))
    }

    /// The ID of the only pusher.
    func pusher() async throws -> Int64 {
        try await database.query("SELECT pusher_id FROM pusher")[0].int64("pusher_id")
    }

    /// How long is waited after the last mail, in seconds.
    func mailPause() async throws -> Double {
        try await database.query("SELECT mail_pause_s FROM pusher")[0].double("mail_pause_s")
    }

    /// Lets the next mail come as if its time had come.
    func endMailPause() async throws {
        try await database.query("UPDATE pusher SET due_at = now()")
    }

    /// How often the mail server has refused in a row.
    func failures() async throws -> Int32 {
        try await database.query("SELECT failures FROM pusher")[0].int32("failures")
    }

    func read(_ event: EventID, by user: UserID, in room: RoomID, at time: Timestamp) async throws {
        try await execute(
            .setReceipt(
                .init(room: room, user: user, type: "m.read.private", event: event, thread: nil, readAt: time)),
            of: room)
    }
}
