import CanonicalJSON
import Identifiers
import RoomReading
import TestSupport
import Testing
import WorkerContracts

/// Sliding sync in the form that clients use, and as it was merged.
@Suite(.timeLimit(.minutes(15)))
struct SlidingSyncTests {
    private static let list: JSONObject = [
        "lists": [
            "all": [
                "ranges": [[0, 9]], "timeline_limit": 3,
                "required_state": [["m.room.create", ""], ["m.room.member", "$LAZY"], ["m.room.member", "$ME"]],
            ]
        ]
    ]

    private func list(_ range: [JSONValue], limit: Int = 3, filters: JSONObject = [:]) -> JSONObject {
        [
            "lists": [
                "all": [
                    "ranges": [.array(range)], "timeline_limit": .int(Int64(limit)), "required_state": [],
                    "filters": .object(filters),
                ]
            ]
        ]
    }

    @Test(arguments: LogMode.allCases) func roomsComeOnceAndThenWhatIsNew(mode: LogMode) async throws {
        try await SyncWorld.with(mode) { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(
                by: alice, members: [bob],
                extra: [SyncWorld.state("m.room.name", ["name": "The room"], by: alice)])
            let nameless = try await world.room(by: bob, members: [alice])
            try await world.say("one", "two", "three", "four", by: bob, in: room)
            let first = try await world.slide(alice, Self.list)
            #expect(Set(first.rooms.keys) == [room.rawValue, nameless.rawValue])
            #expect(first.body["lists"]?["all"]?["count"] == 2)
            #expect(
                first.body["lists"]?["all"]?["ops"]?.arrayValue?.first?["room_ids"]
                    == [.string(room.rawValue), .string(nameless.rawValue)])
            let initial = try #require(first[room])
            #expect(initial["initial"] == true && initial["name"] == "The room" && initial["heroes"] == nil)
            #expect(initial["joined_count"] == 2 && initial["invited_count"] == 0 && initial["limited"] == true)
            #expect(initial.bodies == ["two", "three", "four"] && initial["num_live"] == 0)
            #expect(initial["notification_count"] == 4)
            #expect(
                initial.state == ["m.room.create ", "m.room.member \(alice.id)", "m.room.member \(bob.id)"])
            #expect(first[nameless]?["heroes"]?.arrayValue?.first?["user_id"] == .string(bob.id.rawValue))
            let previous = try #require(initial["prev_batch"]?.stringValue)
            #expect(PaginationToken(previous) != nil)

            #expect(try await world.slide(alice, Self.list, pos: first.pos).rooms.isEmpty)
            try await world.say("five", by: bob, in: room)
            let next = try await world.slide(alice, Self.list, pos: first.pos)
            #expect(next.rooms.keys == [room.rawValue])
            #expect(next[room]?.bodies == ["five"] && next[room]?["num_live"] == 1 && next[room]?["initial"] == nil)
            #expect(next[room]?["limited"] == false && next[room]?["name"] == nil)
            #expect(next[room]?["bump_stamp"]?.intValue ?? 0 >= initial["bump_stamp"]?.intValue ?? .max)
            if mode != .otherWorkers { #expect(next[room]?.state == []) }
            // An answer that was lost comes again.
            #expect(try await world.slide(alice, Self.list, pos: first.pos)[room]?.bodies == ["five"])
            try await world.append(SyncWorld.state("m.room.name", ["name": "Other"], by: alice), to: room)
            let renamed = try await world.slide(alice, Self.list, pos: next.pos)
            #expect(renamed[room]?["name"] == "Other" && renamed[room]?.bodies == ["m.room.name"])
        }
    }

    @Test func windowsFollowActivityAndWhatIsOutsideComesLater() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            var rooms: [RoomID] = []
            for _ in 0..<4 { rooms.append(try await world.room(by: alice, members: [bob])) }
            for room in rooms { try await world.say("first", by: bob, in: room) }
            let top = try await world.slide(alice, list([0, 1]))
            #expect(Set(top.rooms.keys) == [rooms[3].rawValue, rooms[2].rawValue])
            #expect(top.body["lists"]?["all"]?["count"] == 4)
            // What moves up is new to the client; what moves down and has news is missed, and told when it is back.
            try await world.say("second", by: bob, in: rooms[2])
            try await world.say("up", by: bob, in: rooms[0])
            try await world.say("up", by: bob, in: rooms[1])
            let moved = try await world.slide(alice, list([0, 1]), pos: top.pos)
            #expect(Set(moved.rooms.keys) == [rooms[0].rawValue, rooms[1].rawValue])
            #expect(moved[rooms[0]]?["initial"] == true && moved[rooms[0]]?["num_live"] == 1)
            let all = try await world.slide(alice, list([0, 9]), pos: moved.pos)
            #expect(all.rooms.keys == [rooms[2].rawValue])
            #expect(all[rooms[2]]?["initial"] == nil && all[rooms[2]]?.bodies == ["second"])
            #expect(try await world.slide(alice, list([0, 9]), pos: all.pos).rooms.isEmpty)
        }
    }

    @Test func anyWorkerGoesOnAndADeadOneIsNotMissed() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            var rooms: [RoomID] = []
            for _ in 0..<3 { rooms.append(try await world.room(by: alice, members: [bob])) }
            let first = try world.worker
            let second = try await world.startWorker()
            var pos = try await world.slide(alice, list([0, 0]), to: first).pos
            var seen: [String] = []
            for round in 0..<6 {
                let room = rooms[round % 3]
                try await world.say("\(round)", by: bob, in: room)
                let answer = try await world.slide(alice, list([0, 0]), pos: pos, to: round % 2 == 0 ? second : first)
                #expect(answer.rooms.keys == [room.rawValue])
                seen += answer[room]?.bodies.filter { Int($0) != nil } ?? []
                pos = answer.pos
            }
            // Rooms that were out of the window meanwhile bring what was missed, and nothing twice.
            #expect(seen == (0..<6).map { "\($0)" })
            first.task.cancel()
            _ = await first.task.result
            try await world.say("6", by: bob, in: rooms[0])
            let answer = try await world.slide(alice, list([0, 2]), pos: pos, to: second)
            #expect(answer.rooms.keys == [rooms[0].rawValue] && answer[rooms[0]]?.bodies == ["6"])
            // Only what the client knows is stored, once or twice a room.
            let rows = try await world.database.query("SELECT count(*) AS n FROM sliding_room")
            #expect(try rows[0].int64("n") <= 6)
        }
    }

    @Test func nothingIsWrittenWhileTheSameRoomsAreTold() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            var answer = try await world.slide(alice, Self.list)
            for text in ["one", "two", "three"] {
                try await world.say(text, by: bob, in: room)
                answer = try await world.slide(alice, Self.list, pos: answer.pos)
                #expect(answer[room]?.bodies == [text])
            }
            let rows = try await world.database.query("SELECT position FROM sliding_connection")
            #expect(try rows.map { try $0.int64("position") } == [1])
        }
    }

    @Test func unknownPositionsAreRefused() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let other = try await world.device("OTHER", of: alice.id)
            let room = try await world.room(by: alice, members: [bob])
            let first = try await world.slide(alice, Self.list)
            for (person, body) in [
                (bob, Self.list), (other, Self.list),
                (alice, Self.list.merging(["conn_id": "another"])),
            ] {
                let answer = try await world.post(person, body, pos: first.pos)
                #expect(answer.status == 400 && answer.errcode == "M_UNKNOWN_POS")
            }
            #expect(try await world.post(alice, Self.list, pos: "garbage").errcode == "M_UNKNOWN_POS")
            // A connection that is begun anew ends the one before it.
            _ = try await world.slide(alice, Self.list)
            try await world.startWorker()
            try await world.say("one", by: bob, in: room)
            try await world.settle()
            #expect(try await world.post(alice, Self.list, pos: first.pos).errcode == "M_UNKNOWN_POS")
            // And a device has so many at a time.
            for number in 0..<25 {
                _ = try await world.slide(alice, Self.list.merging(["conn_id": .string("c\(number)")]))
            }
            let rows = try await world.database.query("SELECT count(*) AS n FROM sliding_connection")
            #expect(try rows[0].int64("n") == 20)
        }
    }

    @Test func pollWaitsForWhatIsWanted() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let quiet = try await world.room(by: alice, members: [bob])
            let room = try await world.room(by: alice, members: [bob])
            let first = try await world.slide(alice, list([0, 0]))
            #expect(first.rooms.keys == [room.rawValue])
            async let polled = world.post(alice, list([0, 0]), pos: first.pos, timeout: 30_000)
            try await waitUntil { try world.worker.parts.pollCount == 1 }
            try await world.setReceipt(
                try await world.say("one", by: bob, in: room)[0], by: bob, in: room)
            #expect(Slid(body: try await polled.body)[room]?.bodies == ["one"])
            _ = quiet
            let empty = try await world.post(alice, list([0, 9]), pos: first.pos, timeout: 100)
            #expect(empty.status == 200)
        }
    }

    @Test func subscriptionsAndExpansionsGiveMore() async throws {
        try await SyncWorld.with { world in
            let (alice, bob, carol) = (
                try await world.person("alice"), try await world.person("bob"), try await world.person("carol")
            )
            let room = try await world.room(
                by: alice, members: [bob], extra: [SyncWorld.state("m.room.topic", ["topic": "t"], by: alice)])
            let strange = try await world.room(by: carol)
            try await world.say("1", "2", "3", "4", by: bob, in: room)
            func subscribe(_ limit: Int64, _ state: JSONValue) -> JSONObject {
                let config: JSONValue = ["timeline_limit": .int(limit), "required_state": state]
                return ["room_subscriptions": [room.rawValue: config, strange.rawValue: config]]
            }
            let first = try await world.slide(alice, subscribe(1, []))
            #expect(first.rooms.keys == [room.rawValue] && first[room]?.bodies == ["4"] && first[room]?.state == [])
            let more = try await world.slide(alice, subscribe(3, [["m.room.topic", "*"]]), pos: first.pos)
            #expect(more[room]?.bodies == ["2", "3", "4"] && more[room]?["unstable_expanded_timeline"] == true)
            #expect(more[room]?["initial"] == nil && more[room]?["num_live"] == 0)
            #expect(more[room]?.state == ["m.room.topic "])
            #expect(try await world.slide(alice, subscribe(2, []), pos: more.pos).rooms.isEmpty)
            let everything = try await world.slide(alice, subscribe(2, [["*", "*"]]), pos: more.pos)
            #expect(everything[room]?.state.contains("m.room.member \(bob.id)") ?? false)
            #expect(everything[room]?.state.contains("m.room.topic ") == false)
        }
    }

    @Test func filtersChooseRooms() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let plain = try await world.room(by: alice)
            let direct = try await world.room(by: alice, members: [bob])
            let secret = try await world.room(
                by: alice,
                extra: [SyncWorld.state("m.room.encryption", ["algorithm": "m.megolm.v1.aes-sha2"], by: alice)])
            let invited = try await world.room(by: bob, rule: "invite")
            try await world.setMembership("invite", of: alice, by: bob, in: invited)
            let space = try await world.room(
                by: alice,
                extra: [SyncWorld.state("m.space.child", key: plain.rawValue, ["via": ["x"]], by: alice)])
            try await world.setAccountData("m.direct", [bob.id.rawValue: [.string(direct.rawValue)]], of: alice)
            try await world.setAccountData("m.tag", ["tags": ["u.x": [:]]], of: alice, in: secret)
            func rooms(_ filters: JSONObject) async throws -> Set<String> {
                Set(try await world.slide(alice, list([0, 9], filters: filters)).rooms.keys)
            }
            let all = Set([plain, direct, secret, invited, space].map(\.rawValue))
            #expect(try await rooms([:]) == all)
            #expect(try await rooms(["is_dm": true]) == [direct.rawValue])
            #expect(try await rooms(["is_dm": false]) == all.subtracting([direct.rawValue]))
            #expect(try await rooms(["is_encrypted": true]) == [secret.rawValue])
            #expect(try await rooms(["is_invite": true]) == [invited.rawValue])
            #expect(try await rooms(["is_invite": false]) == all.subtracting([invited.rawValue]))
            #expect(try await rooms(["tags": ["u.x"]]) == [secret.rawValue])
            #expect(try await rooms(["not_tags": ["u.x"]]) == all.subtracting([secret.rawValue]))
            #expect(try await rooms(["spaces": [.string(space.rawValue)]]) == [plain.rawValue])
            #expect(try await rooms(["room_types": ["m.space"]]) == [])
            #expect(try await rooms(["not_room_types": [nil as JSONValue]]) == [])
            let dm = try await world.slide(alice, list([0, 9]))
            #expect(dm[direct]?["is_dm"] == true && dm[plain]?["is_dm"] == nil)
            #expect(dm[invited]?["invite_state"]?.arrayValue?.isEmpty == false && dm[invited]?["timeline"] == nil)
        }
    }

    @Test func whoIsThrownOutIsToldAndSeesNothingAfter() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let left = try await world.room(by: alice, members: [bob])
            let first = try await world.slide(bob, Self.list)
            try await world.say("before", by: alice, in: room)
            try await world.setMembership("leave", of: bob, by: alice, in: room)
            try await world.say("after", by: alice, in: room)
            try await world.setMembership("leave", of: bob, in: left)
            let gone = try await world.slide(bob, Self.list, pos: first.pos)
            #expect(gone[room]?.bodies == ["before", "m.room.member"])
            #expect(gone[left]?.bodies == ["m.room.member"])
            #expect(try await world.slide(bob, Self.list, pos: gone.pos).rooms.isEmpty)
            // A client that begins hears of being thrown out, and not of what it left.
            let other = Self.list.merging(["conn_id": "other"])
            #expect(try await world.slide(bob, other).rooms.keys == [room.rawValue])
            try await world.setMembership("join", of: bob, in: room)
            let again = try await world.slide(bob, Self.list, pos: gone.pos)
            #expect(again[room]?["initial"] == true && again[room]?.bodies.contains("m.room.member") ?? false)
        }
    }

    @Test func extensionsTellTheRest() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(by: alice, members: [bob])
            let sent = try await world.say("one", by: alice, in: room)
            try await world.setReceipt(sent[0], by: bob, in: room)
            try await world.setAccountData("org.global", ["a": 1], of: alice)
            try await world.setAccountData("org.room", ["b": 1], of: alice, in: room)
            try await world.sendToDevice(["first", "second"], to: alice)
            func body(_ since: String? = nil) -> JSONObject {
                var toDevice: JSONObject = ["enabled": true, "limit": 1]
                toDevice["since"] = since.map { .string($0) }
                let on: JSONValue = ["enabled": true]
                return Self.list.merging([
                    "extensions": [
                        "to_device": .object(toDevice), "e2ee": on, "account_data": on, "receipts": on, "typing": on,
                    ]
                ])
            }
            let first = try await world.slide(alice, body())
            #expect(first.extension("to_device")?["events"]?.arrayValue?.count == 1)
            #expect(first.extension("e2ee")?["device_lists"] == ["changed": [], "left": []])
            #expect(first.extension("account_data")?["global"]?.arrayValue?.first?["type"] == "org.global")
            #expect(first.extension("account_data")?["rooms"]?[room.rawValue]?.arrayValue?.count == 1)
            let receipts = first.extension("receipts")?["rooms"]?[room.rawValue]?["content"]
            #expect(receipts?[sent[0].rawValue]?["m.read"]?[bob.id.rawValue] != nil)
            #expect(first.extension("typing")?["rooms"] == [:])

            let since = try #require(first.extension("to_device")?["next_batch"]?.stringValue)
            let second = try await world.slide(alice, body(since), pos: first.pos)
            #expect(second.extension("to_device")?["events"]?.arrayValue?.count == 1)
            #expect(second.extension("account_data") == ["global": [], "rooms": [:]])
            #expect(second.extension("receipts")?["rooms"] == [:])
            let typing = RoomTyping(room: room, users: [bob.id], boot: "b", counter: 1)
            try world.worker.parts.apply(.message(.typing(typing), writer: "w"))
            try await world.setReceipt(sent[0], by: alice, in: room)
            try await world.setAccountData("m.direct", [bob.id.rawValue: [.string(room.rawValue)]], of: alice)
            let third = try await world.slide(alice, body(), pos: second.pos)
            #expect(
                third.extension("typing")?["rooms"]?[room.rawValue]?["content"]
                    == ["user_ids": [.string(bob.id.rawValue)]])
            #expect(third.extension("receipts")?["rooms"]?.objectValue?.keys == [room.rawValue])
            #expect(third[room]?["notification_count"] == 0 && third[room]?["is_dm"] == true)
            // Without the extensions nothing of it comes.
            #expect(try await world.slide(alice, Self.list).body["extensions"] == [:])
        }
    }

    @Test func mergedFormSaysTheSameInItsOwnWords() async throws {
        try await SyncWorld.with { world in
            let (alice, bob) = (try await world.person("alice"), try await world.person("bob"))
            let room = try await world.room(
                by: alice, members: [bob], extra: [SyncWorld.state("m.room.name", ["name": "N"], by: alice)])
            let invited = try await world.room(by: bob, rule: "invite")
            try await world.setMembership("invite", of: alice, by: bob, in: invited)
            func body(_ pos: String?) -> JSONObject {
                var body: JSONObject = [
                    "conn_id": "main", "timeout": 0, "set_presence": "offline",
                    "lists": [
                        "all": [
                            "range": [0, 19], "timeline_limit": 2,
                            "required_state": [
                                "include": [[:]], "exclude": [["type": "m.room.create"]], "lazy_members": true,
                            ],
                        ]
                    ],
                ]
                body["pos"] = pos.map { .string($0) }
                return body
            }
            func sync(_ pos: String?) async throws -> Slid {
                try await world.settle()
                let answer = try await world.call(
                    "/_matrix/client/v4/sync", token: alice.token.text, method: "POST", body: body(pos).bytes())
                #expect(answer.status == 200, "\(answer.body)")
                return Slid(body: answer.body)
            }
            let first = try await sync(nil)
            #expect(first.body["lists"]?["all"] == ["count": 2])
            #expect(first[room]?["membership"] == "join" && first[room]?["lists"] == ["all"])
            #expect(first[room]?["notification_count"] == nil)
            let state = try #require(first[room]?.state)
            #expect(state.contains("m.room.power_levels ") && !state.contains("m.room.create "))
            #expect(first[invited]?["stripped_state"] != nil && first[invited]?["membership"] == "invite")
            try await world.append(SyncWorld.state("m.room.name", [:], by: alice), to: room)
            let second = try await sync(first.pos)
            #expect(second[room]?.members.contains { $0.key == "name" && $0.value.isNull } ?? false)
        }
    }

    @Test func largeWindowsComeInParts() async throws {
        try await SyncWorld.with { world in
            let alice = try await world.person("alice")
            for _ in 0..<103 { try await world.room(by: alice) }
            let first = try await world.slide(alice, list([0, 500], limit: 1))
            #expect(first.rooms.count == 100 && first.body["lists"]?["all"]?["count"] == 103)
            let rest = try await world.post(alice, list([0, 500], limit: 1), pos: first.pos, timeout: 30_000)
            #expect(Slid(body: rest.body).rooms.count == 3)
        }
    }
}
