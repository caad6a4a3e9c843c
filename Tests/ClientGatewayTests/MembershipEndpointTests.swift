import CanonicalJSON
import ClientGateway
import Identifiers
import Testing
import WorkerContracts

/// Endpoints about membership and sending: what they ask of the room's writer, and what they refuse themselves.
@Suite struct MembershipEndpointTests {
    private static let room = "!room:test.example"

    private func draft(_ gateway: RecordedGateway) throws -> EventDraft {
        guard case .sendEvents(let send) = try #require(gateway.writer.commands.last) else {
            throw CancellationError()
        }
        #expect(send.room.rawValue == Self.room)
        #expect(send.events.count == 1)
        return try #require(send.events.first)
    }

    private func user(_ name: String) throws -> UserID { try #require(UserID("@\(name):test.example")) }

    private func withRoom(
        _ members: [String: String], _ body: (RecordedGateway, Gateway.Session) async throws -> Void
    ) async throws {
        try await Gateway.with { gateway, writer in
            let me = try await gateway.register("anna")
            var all: [UserID: String] = [me.user: "join"]
            for (name, membership) in members { all[try user(name)] = membership }
            let recorded = RecordedGateway(gateway: gateway, writer: writer)
            try await recorded.makeRoom(try #require(RoomID(Self.room)), members: all)
            try await body(recorded, me)
        }
    }

    private func post(
        _ gateway: RecordedGateway, _ endpoint: String, _ body: JSONObject, _ me: Gateway.Session
    ) async throws -> Gateway.Answer {
        try await gateway.call("POST", "/_matrix/client/v3/rooms/\(Self.room)/\(endpoint)", json: body, token: me.token)
    }

    /// By endpoint: the target's membership before, and the one that is asked for.
    private static let changes: [(endpoint: String, before: String, after: String)] = [
        ("invite", "leave", "invite"), ("kick", "join", "leave"), ("kick", "invite", "leave"),
        ("kick", "knock", "leave"), ("ban", "join", "ban"), ("ban", "leave", "ban"), ("unban", "ban", "leave"),
    ]

    @Test(arguments: changes)
    func othersMembershipIsChangedWithItsReason(endpoint: String, before: String, after: String) async throws {
        try await withRoom(["bert": before]) { gateway, me in
            let body: JSONObject = ["user_id": "@bert:test.example", "reason": "Because."]
            let answer = try await post(gateway, endpoint, body, me)
            #expect(answer.status == 200)
            #expect(answer.body == [:])
            let draft = try draft(gateway)
            #expect(draft.type == "m.room.member")
            #expect(draft.stateKey == "@bert:test.example")
            #expect(draft.sender == me.user)
            #expect(draft.content["membership"] == .string(after))
            #expect(draft.content["reason"] == "Because.")
            _ = try await post(gateway, endpoint, ["user_id": "@bert:test.example"], me)
            #expect(try self.draft(gateway).content["reason"] == nil)
        }
    }

    @Test func joiningAndLeavingAreOnesOwn() async throws {
        try await withRoom([:]) { gateway, me in
            let joined = try await post(gateway, "join", ["reason": "Hello."], me)
            #expect(joined.body == ["room_id": .string(Self.room)])
            #expect(try draft(gateway).content["membership"] == "join")
            #expect(try draft(gateway).content["reason"] == "Hello.")
            #expect(try draft(gateway).stateKey == me.user.rawValue)
            #expect(try await post(gateway, "leave", ["reason": "Bye."], me).body == [:])
            #expect(try draft(gateway).content == ["membership": "leave", "reason": "Bye."])
        }
    }

    @Test func kickingAndUnbanningAreNotOneAnother() async throws {
        let refusals: [(endpoint: String, before: String?, errcode: String)] = [
            ("kick", "ban", "M_FORBIDDEN"), ("kick", "leave", "M_FORBIDDEN"), ("kick", nil, "M_FORBIDDEN"),
            ("unban", "join", "M_BAD_STATE"), ("unban", "leave", "M_BAD_STATE"), ("unban", nil, "M_BAD_STATE"),
        ]
        for (endpoint, before, errcode) in refusals {
            try await withRoom(before.map { ["bert": $0] } ?? [:]) { gateway, me in
                let answer = try await post(gateway, endpoint, ["user_id": "@bert:test.example"], me)
                #expect(answer.status == 403)
                #expect(answer.errcode == errcode)
                #expect(gateway.writer.commands.isEmpty)
            }
        }
    }

    @Test func forgettingComesAfterLeaving() async throws {
        try await withRoom([:]) { gateway, me in
            let early = try await post(gateway, "forget", [:], me)
            #expect(early.status == 400)
            #expect(early.errcode == "M_UNKNOWN")
            try await gateway.database.query("UPDATE current_membership SET membership = 'leave'")
            #expect(try await post(gateway, "forget", [:], me).status == 200)
            guard case .forgetRoom(let forget) = try #require(gateway.writer.commands.last) else {
                throw CancellationError()
            }
            #expect(forget.user == me.user)
        }
    }

    @Test func roomsAreJoinedByAlias() async throws {
        try await withRoom([:]) { gateway, me in
            let alias = "/_matrix/client/v3/directory/room/%23pub%3Atest.example"
            let made = try await gateway.call("PUT", alias, json: ["room_id": .string(Self.room)], token: me.token)
            #expect(made.status == 200)
            let taken = try await gateway.call("PUT", alias, json: ["room_id": .string(Self.room)], token: me.token)
            #expect(taken.status == 409)
            #expect(try await gateway.call("GET", alias).body["room_id"] == .string(Self.room))
            let joined = try await gateway.call(
                "POST", "/_matrix/client/v3/join/%23pub%3Atest.example?via=test.example", "{}", token: me.token)
            #expect(joined.body == ["room_id": .string(Self.room)])
            for unknown in ["%23none%3Atest.example", "%21none%3Atest.example"] {
                let answer = try await gateway.call("POST", "/_matrix/client/v3/join/\(unknown)", "{}", token: me.token)
                #expect(answer.status == 404)
                #expect(answer.errcode == "M_NOT_FOUND")
            }
            #expect(try await gateway.call("DELETE", alias, token: me.token).status == 200)
            #expect(try await gateway.call("GET", alias).status == 404)
        }
    }

    @Test func whatTheWriterRefusesIsPassedOn() async throws {
        try await withRoom(["bert": "leave"]) { gateway, me in
            gateway.writer.script(.refused(.init(status: 403, errcode: "M_FORBIDDEN", message: "No.")))
            let refused = try await post(gateway, "invite", ["user_id": "@bert:test.example"], me)
            #expect(refused.status == 403)
            #expect(refused.body == ["errcode": "M_FORBIDDEN", "error": "No."])
            gateway.writer.script(.busy(retryAfter: .seconds(2)))
            let busy = try await post(gateway, "invite", ["user_id": "@bert:test.example"], me)
            #expect(busy.status == 429)
            #expect(busy.body["retry_after_ms"] == 2_000)
            gateway.writer.script(.moved(to: nil))
            let moved = try await post(gateway, "invite", ["user_id": "@bert:test.example"], me)
            #expect(moved.status == 503)
        }
    }

    @Test func stateIsSetUnderItsKey() async throws {
        try await withRoom([:]) { gateway, me in
            let path = "/_matrix/client/v3/rooms/\(Self.room)/state/org.example.x"
            for (suffix, key) in [
                ("", ""), ("/", ""), ("/a%2Fb", "a/b"), ("/%40anna%3Atest.example", me.user.rawValue),
            ] {
                let answer = try await gateway.call("PUT", path + suffix, json: ["a": 1], token: me.token)
                #expect(answer.status == 200, "\(suffix)")
                #expect(answer.body["event_id"]?.stringValue?.hasPrefix("$") == true)
                let draft = try draft(gateway)
                #expect(draft.stateKey == key)
                #expect(draft.type == "org.example.x")
                #expect(draft.content == ["a": 1])
                #expect(draft.unlessUnchanged)
            }
        }
    }

    @Test func aRepeatedSendIsOneEvent() async throws {
        try await withRoom([:]) { gateway, me in
            let path = "/_matrix/client/v3/rooms/\(Self.room)/send/m.room.message/txn1"
            let first = try await gateway.call("PUT", path, json: ["body": "hi"], token: me.token)
            let again = try await gateway.call("PUT", path, json: ["body": "hi"], token: me.token)
            #expect(first.status == 200)
            #expect(first.body["event_id"] == again.body["event_id"])
            #expect(gateway.writer.commands.count == 1)
            let draft = try draft(gateway)
            #expect(draft.stateKey == nil)
            #expect(draft.transaction?.id == "txn1")
            #expect(draft.transaction?.device == me.device)
            let other = try await gateway.call(
                "PUT", path.replacing("txn1", with: "txn2"), json: ["body": "hi"], token: me.token)
            #expect(other.body["event_id"] != first.body["event_id"])
        }
    }

    @Test func redactionsNameTheirTarget() async throws {
        try await withRoom([:]) { gateway, me in
            let base = "/_matrix/client/v3/rooms/\(Self.room)/redact/"
            let done = try await gateway.call("PUT", base + "%24message/t", json: ["reason": "r"], token: me.token)
            #expect(done.status == 200)
            #expect(try draft(gateway).type == "m.room.redaction")
            #expect(try draft(gateway).redacts == EventID("$message"))
            #expect(try draft(gateway).content == ["reason": "r"])
            let missing = try await gateway.call("PUT", base + "%24none/t", json: [:], token: me.token)
            #expect(missing.status == 404)
            #expect(missing.errcode == "M_NOT_FOUND")
        }
    }
}
