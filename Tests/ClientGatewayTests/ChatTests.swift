import CanonicalJSON
import Identifiers
import Testing

/// People in rooms, through the endpoints and a real room-writer.
@Suite struct ChatTests {
    private static let v3 = "/_matrix/client/v3"

    private func createRoom(
        _ gateway: Gateway, _ session: Gateway.Session, _ body: JSONObject = ["preset": "private_chat"]
    ) async throws -> String {
        let answer = try await gateway.call("POST", "\(Self.v3)/createRoom", json: body, token: session.token)
        #expect(answer.status == 200, "\(answer.body)")
        return try #require(answer.body["room_id"]?.stringValue)
    }

    private func send(
        _ gateway: Gateway, _ room: String, _ text: String, transaction: String, _ session: Gateway.Session
    ) async throws -> String {
        let answer = try await gateway.call(
            "PUT", "\(Self.v3)/rooms/\(room)/send/m.room.message/\(transaction)",
            json: ["msgtype": "m.text", "body": .string(text)], token: session.token)
        #expect(answer.status == 200, "\(answer.body)")
        return try #require(answer.body["event_id"]?.stringValue)
    }

    private func post(
        _ gateway: Gateway, _ path: String, _ body: JSONObject, _ session: Gateway.Session
    ) async throws -> Gateway.Answer {
        try await gateway.call("POST", "\(Self.v3)/\(path)", json: body, token: session.token)
    }

    private func post(_ gateway: Gateway, _ path: String, _ session: Gateway.Session) async throws -> Gateway.Answer {
        try await post(gateway, path, [:], session)
    }

    private func get(_ gateway: Gateway, _ path: String, _ session: Gateway.Session) async throws -> Gateway.Answer {
        try await gateway.call("GET", "\(Self.v3)/\(path)", token: session.token)
    }

    private func bodies(_ gateway: Gateway, _ room: String, _ session: Gateway.Session) async throws -> [String] {
        let page = try await get(gateway, "rooms/\(room)/messages?dir=b&limit=100", session)
        return (page.body["chunk"]?.arrayValue ?? []).compactMap { $0["content"]?["body"]?.stringValue }
    }

    @Test func twoPeopleInviteJoinAndChat() async throws {
        try await Gateway.withRoomWriter { gateway in
            let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
            let room = try await createRoom(gateway, anna, ["preset": "private_chat", "name": "Ours"])
            #expect(try await post(gateway, "rooms/\(room)/join", bert).status == 403)
            let invite = try await post(
                gateway, "rooms/\(room)/invite", ["user_id": .string(bert.user.rawValue), "reason": "come"], anna)
            #expect(invite.status == 200)
            #expect(try await post(gateway, "rooms/\(room)/join", bert).status == 200)
            let first = try await send(gateway, room, "hello", transaction: "1", anna)
            #expect(try await send(gateway, room, "hello", transaction: "1", anna) == first)
            _ = try await send(gateway, room, "hello yourself", transaction: "1", bert)
            #expect(try await bodies(gateway, room, bert) == ["hello yourself", "hello"])
            #expect(try await bodies(gateway, room, anna) == ["hello yourself", "hello"])

            let own = try await get(gateway, "rooms/\(room)/event/\(first)", anna)
            #expect(own.body["unsigned"]?["transaction_id"] == "1")
            let others = try await get(gateway, "rooms/\(room)/event/\(first)", bert)
            #expect(others.body["unsigned"]?["transaction_id"] == nil)
            #expect(try await get(gateway, "joined_rooms", bert).body == ["joined_rooms": [.string(room)]])
            #expect(try await get(gateway, "rooms/\(room)/state/m.room.name", bert).body == ["name": "Ours"])
        }
    }

    @Test(arguments: ["1", "6", "10", "11", "12"])
    func aRoomOfEachKindOfVersionIsWrittenAndRead(_ version: String) async throws {
        try await Gateway.withRoomWriter { gateway in
            let anna = try await gateway.register("anna")
            let room = try await createRoom(gateway, anna, ["room_version": .string(version), "topic": "t"])
            let message = try await send(gateway, room, "secret", transaction: "1", anna)
            let redaction = try await gateway.call(
                "PUT", "\(Self.v3)/rooms/\(room)/redact/\(message)/2", json: ["reason": "typo"], token: anna.token)
            #expect(redaction.status == 200, "\(redaction.body)")
            let event = try await get(gateway, "rooms/\(room)/event/\(message)", anna)
            #expect(event.body["content"] == [:])
            #expect(event.body["unsigned"]?["redacted_because"]?["content"]?["reason"] == "typo")
            let create = try await get(gateway, "rooms/\(room)/state/m.room.create", anna)
            #expect(create.body["room_version"] == .string(version))
        }
    }

    @Test func whoIsKickedReadsNoFurtherAndMayForget() async throws {
        try await Gateway.withRoomWriter { gateway in
            let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
            let room = try await createRoom(gateway, anna, ["preset": "public_chat"])
            #expect(try await post(gateway, "rooms/\(room)/join", bert).status == 200)
            _ = try await send(gateway, room, "before", transaction: "1", anna)
            #expect(try await post(gateway, "rooms/\(room)/forget", bert).errcode == "M_UNKNOWN")
            let target: JSONObject = ["user_id": .string(bert.user.rawValue), "reason": "noise"]
            let another: JSONObject = ["user_id": .string(anna.user.rawValue)]
            #expect(try await post(gateway, "rooms/\(room)/kick", another, bert).errcode == "M_FORBIDDEN")
            #expect(try await post(gateway, "rooms/\(room)/kick", target, anna).status == 200)
            _ = try await send(gateway, room, "after", transaction: "2", anna)
            #expect(try await bodies(gateway, room, bert) == ["before"])
            let own = try await get(gateway, "rooms/\(room)/state/m.room.member/\(bert.user)", bert)
            #expect(own.body == ["membership": "leave", "reason": "noise"])
            let sending = try await gateway.call(
                "PUT", "\(Self.v3)/rooms/\(room)/send/m.room.message/9", json: [:], token: bert.token)
            #expect(sending.errcode == "M_FORBIDDEN")

            #expect(try await post(gateway, "rooms/\(room)/forget", bert).status == 200)
            #expect(try await get(gateway, "rooms/\(room)/messages?dir=b", bert).errcode == "M_FORBIDDEN")
            #expect(try await post(gateway, "rooms/\(room)/ban", target, anna).status == 200)
            #expect(try await post(gateway, "rooms/\(room)/join", bert).errcode == "M_FORBIDDEN")
            #expect(try await post(gateway, "rooms/\(room)/unban", target, anna).status == 200)
            #expect(try await post(gateway, "rooms/\(room)/join", bert).status == 200)
            #expect(try await bodies(gateway, room, bert) == ["after", "before"])
        }
    }

    @Test(arguments: [
        ("joined", ["after"]), ("invited", ["after", "invited"]), ("shared", ["after", "invited", "before"]),
    ])
    func newcomersSeeHistoryByItsVisibility(_ visibility: String, _ expected: [String]) async throws {
        try await Gateway.withRoomWriter { gateway in
            let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
            let rule: JSONValue = [
                "type": "m.room.history_visibility", "content": ["history_visibility": .string(visibility)],
            ]
            let room = try await createRoom(gateway, anna, ["initial_state": [rule]])
            _ = try await send(gateway, room, "before", transaction: "1", anna)
            let invited: JSONObject = ["user_id": .string(bert.user.rawValue)]
            #expect(try await post(gateway, "rooms/\(room)/invite", invited, anna).status == 200)
            _ = try await send(gateway, room, "invited", transaction: "2", anna)
            #expect(try await get(gateway, "rooms/\(room)/messages?dir=b", bert).errcode == "M_FORBIDDEN")
            #expect(try await post(gateway, "rooms/\(room)/join", bert).status == 200)
            _ = try await send(gateway, room, "after", transaction: "3", anna)
            #expect(try await bodies(gateway, room, bert) == expected)
        }
    }

    @Test func aNewNameIsShownInTheRoomsOfItsUser() async throws {
        try await Gateway.withRoomWriter { gateway in
            let anna = try await gateway.register("anna")
            let rooms = [try await createRoom(gateway, anna), try await createRoom(gateway, anna)]
            let path = "\(Self.v3)/profile/\(anna.user)/displayname"
            let answer = try await gateway.call("PUT", path, json: ["displayname": "Anna"], token: anna.token)
            #expect(answer.status == 200)
            for room in rooms {
                let member = try await get(gateway, "rooms/\(room)/state/m.room.member/\(anna.user)", anna)
                #expect(member.body["displayname"] == "Anna")
                #expect(member.body["membership"] == "join")
                let joined = try await get(gateway, "rooms/\(room)/joined_members", anna)
                #expect(joined.body["joined"]?[anna.user.rawValue] == ["display_name": "Anna"])
            }
            #expect(try await gateway.call("GET", path).body == ["displayname": "Anna"])
        }
    }

    @Test func tagsSetAtTheSameMomentAreAllKept() async throws {
        try await Gateway.withRoomWriter { gateway in
            let anna = try await gateway.register("anna")
            let room = try await createRoom(gateway, anna)
            let tags = "user/\(anna.user)/rooms/\(room)/tags"
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await gateway.call(
                            "PUT", "\(Self.v3)/\(tags)/u.\(number)", #"{"order":0.5}"#, token: anna.token
                        ).status
                    }
                }
                for try await status in group { #expect(status == 200) }
            }
            let all = try await get(gateway, tags, anna)
            #expect(all.body["tags"]?.objectValue?.count == 8)
            #expect(all.body["tags"]?["u.5"] == ["order": .double(0.5)])
            let deleted = try await gateway.call("DELETE", "\(Self.v3)/\(tags)/u.5", token: anna.token)
            #expect(deleted.status == 200)
            let rest = try await get(gateway, tags, anna)
            #expect(rest.body["tags"]?.objectValue?.count == 7)
            let data = try await get(gateway, "user/\(anna.user)/rooms/\(room)/account_data/m.tag", anna)
            #expect(data.body == rest.body)
        }
    }

    @Test func markersAreSetOnEventsOneMaySeeOnly() async throws {
        try await Gateway.withRoomWriter { gateway in
            let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
            let rule: JSONValue = [
                "type": "m.room.history_visibility", "content": ["history_visibility": "joined"],
            ]
            let room = try await createRoom(gateway, anna, ["preset": "public_chat", "initial_state": [rule]])
            let hidden = try await send(gateway, room, "before", transaction: "1", anna)
            #expect(try await post(gateway, "rooms/\(room)/join", bert).status == 200)
            let shown = try await send(gateway, room, "after", transaction: "2", anna)
            for kind in ["m.read", "m.read.private", "m.fully_read"] {
                let path = "rooms/\(room)/receipt/\(kind)"
                #expect(try await post(gateway, "\(path)/\(hidden)", bert).errcode == "M_NOT_FOUND", "\(kind)")
                #expect(try await post(gateway, "\(path)/\(shown)", bert).status == 200, "\(kind)")
            }
            let data = "user/\(bert.user)/rooms/\(room)/account_data/m.fully_read"
            #expect(try await get(gateway, data, bert).body == ["event_id": .string(shown)])
            let markers: JSONObject = ["m.fully_read": .string(hidden), "m.read": .string(shown)]
            #expect(try await post(gateway, "rooms/\(room)/read_markers", markers, bert).errcode == "M_NOT_FOUND")
            let read: JSONObject = ["m.read": .string(hidden)]
            #expect(try await post(gateway, "rooms/\(room)/read_markers", read, anna).status == 200)
        }
    }

    @Test func powerLevelsDecideWhoSetsState() async throws {
        try await Gateway.withRoomWriter { gateway in
            let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
            let room = try await createRoom(gateway, anna, ["preset": "public_chat"])
            #expect(try await post(gateway, "rooms/\(room)/join", bert).status == 200)
            func setTopic(_ session: Gateway.Session) async throws -> Gateway.Answer {
                try await gateway.call(
                    "PUT", "\(Self.v3)/rooms/\(room)/state/m.room.topic", json: ["topic": "t"], token: session.token)
            }
            #expect(try await setTopic(bert).errcode == "M_FORBIDDEN")
            let powers = JSONObject([(bert.user.rawValue, 50)])
            let levels = try await gateway.call(
                "PUT", "\(Self.v3)/rooms/\(room)/state/m.room.power_levels", json: ["users": .object(powers)],
                token: anna.token)
            #expect(levels.status == 200, "\(levels.body)")
            let set = try await setTopic(bert)
            #expect(set.status == 200)
            // The same again is no new event.
            #expect(try await setTopic(bert).body == set.body)
        }
    }

    @Test func aRestrictedRoomLetsInTheMembersOfTheOther() async throws {
        try await Gateway.withRoomWriter { gateway in
            let (anna, bert) = (try await gateway.register("anna"), try await gateway.register("bert"))
            let space = try await createRoom(gateway, anna, ["preset": "public_chat"])
            let rule: JSONValue = [
                "type": "m.room.join_rules",
                "content": [
                    "join_rule": "restricted",
                    "allow": [["type": "m.room_membership", "room_id": .string(space)]],
                ],
            ]
            let room = try await createRoom(gateway, anna, ["initial_state": [rule]])
            #expect(try await post(gateway, "rooms/\(room)/join", bert).errcode == "M_FORBIDDEN")
            #expect(try await post(gateway, "rooms/\(space)/join", bert).status == 200)
            #expect(try await post(gateway, "rooms/\(room)/join", bert).status == 200)
        }
    }

    @Test func aCanonicalAliasMustPointToItsRoom() async throws {
        try await Gateway.withRoomWriter { gateway in
            let anna = try await gateway.register("anna")
            let room = try await createRoom(gateway, anna, ["room_alias_name": "pub"])
            let alias = "#pub:test.example"
            #expect(
                try await get(gateway, "rooms/\(room)/state/m.room.canonical_alias", anna).body == [
                    "alias": .string(alias)
                ])
            let other = try await createRoom(gateway, anna)
            func setAlias(_ room: String) async throws -> Gateway.Answer {
                try await gateway.call(
                    "PUT", "\(Self.v3)/rooms/\(room)/state/m.room.canonical_alias", json: ["alias": .string(alias)],
                    token: anna.token)
            }
            #expect(try await setAlias(other).errcode == "M_BAD_ALIAS")
            #expect(try await setAlias(room).status == 200)
            let found = try await gateway.call("GET", "\(Self.v3)/directory/room/%23pub:test.example")
            #expect(found.body["room_id"]?.stringValue == room)
        }
    }

    @Test func accountDataIsDeleted() async throws {
        try await RoomScene.with { scene in
            let anna = try await scene.gateway.register("anna")
            let room = try await scene.createRoom(anna)
            let unstable = "/_matrix/client/unstable/org.matrix.msc3391/"
            for path in ["user/\(anna.user)/account_data/m.x", "user/\(anna.user)/rooms/\(room)/account_data/m.x"] {
                #expect(try await scene.put(path, ["a": 1], anna).status == 200)
                for _ in 0..<2 {
                    let deleted = try await scene.gateway.call("DELETE", unstable + path, token: anna.token)
                    #expect(deleted.status == 200)
                    #expect(try await scene.get(path, anna).errcode == "M_NOT_FOUND")
                }
            }
        }
    }
}
