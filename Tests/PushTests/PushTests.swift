import CanonicalJSON
import Identifiers
import Postgres
import Push
import PushRules
import Storage
import TestSupport
import Testing
import WorkerContracts

/// What reaches push gateways, and when it does not.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PushTests {
    @Test func messagesReachTheDevicesOfOthersWithWhatTheyNeedToShowThem() async throws {
        try await PushWorld.withPeople([.takes]) { world, gateways, anna, bert in
            let gateway = gateways[0]
            let carl = try await world.person("carl")
            try await world.startOnlyWorker()
            try await world.addPusher("of-bert", of: bert, to: gateway)
            try await world.addPusher("of-bert-2", of: bert, to: gateway, format: "event_id_only")
            try await world.addPusher("of-anna", of: anna, to: gateway)
            try await world.addPusher("of-carl", of: carl, to: gateway)
            let room = try await world.room([anna, bert])
            let first = try await world.say("hello", by: anna, in: room)
            try await world.send(["msgtype": "m.notice", "body": "silent"], by: anna, in: room)
            let second = try await world.send(
                ["msgtype": "m.text", "body": "you", "m.mentions": ["user_ids": [.string(bert.rawValue)]]],
                by: anna, in: room)
            let expected = [first.rawValue, second.rawValue]
            try await waitUntil {
                gateway.events("of-bert").count >= 2 && gateway.events("of-bert-2").count >= 2
            }
            #expect(gateway.events("of-bert") == expected && gateway.events("of-bert-2") == expected)
            let whole = try #require(gateway.notices.first { $0["type"] != nil })
            #expect(whole["content"]?["body"] == "hello" && whole["sender"] == .string(anna.rawValue))
            #expect(whole["room_name"] == "The room" && whole["sender_display_name"] == "First")
            #expect(whole["room_id"] == .string(room.rawValue) && whole["prio"] == "high")
            let device = try #require(whole["devices"]?.arrayValue?.first)
            #expect(device["data"] == ["custom": "kept"] && device["app_id"] == "app")
            #expect(device["pushkey_ts"] == 5 && device["tweaks"] == ["sound": "default"])
            let short = try #require(gateway.notices.first { $0["type"] == nil })
            #expect(Set(short.keys) == ["event_id", "room_id", "counts", "devices"])
            let last = try #require(
                gateway.notices.last { $0["devices"]?.arrayValue?.first?["pushkey"] == "of-bert" })
            #expect(last["counts"] == ["unread": 2])
            #expect(last["devices"]?.arrayValue?.first?["tweaks"]?["highlight"] == true)
            // Nobody is told of their own, nor of rooms they are not in.
            #expect(gateway.events("of-anna").isEmpty && gateway.events("of-carl").isEmpty)
            try await world.setMembership("invite", of: carl, by: anna, in: room)
            try await waitUntil { !gateway.events("of-carl").isEmpty }
            #expect(gateway.notices.last?["user_is_target"] == true)
            try await waitUntil { try await world.waiting() == 0 }
        }
    }

    /// What was read before it could be pushed is not pushed; what was redacted neither.
    @Test func whatHasBeenReadIsNotPushed() async throws {
        try await PushWorld.withPeople([.takes]) { world, gateways, anna, bert in
            let gateway = gateways[0]
            try await world.addPusher("key", of: bert, to: gateway)
            let room = try await world.room([anna, bert])
            let first = try await world.startOnlyWorker("first")
            gateway.answer(.fails)
            let read = try await world.say("read", by: anna, in: room)
            try await waitUntil { !gateway.events().isEmpty }
            let redacted = try await world.say("redacted", by: anna, in: room)
            try await waitUntil { try await world.waiting() == 2 }
            await world.kill(first)
            try await world.read(read, by: bert, in: room)
            try await world.execute(
                .sendEvents(
                    .init(
                        room: room,
                        events: [
                            EventDraft(
                                type: "m.room.redaction", stateKey: nil, sender: anna, content: [:],
                                redacts: redacted)
                        ])), of: room)
            let before = gateway.events().count
            gateway.answer(.takes)
            try await world.startWorker("second")
            let last = try await world.say("last", by: anna, in: room)
            try await waitUntil { gateway.events().contains(last.rawValue) }
            #expect(gateway.events().dropFirst(before) == [last.rawValue])
            let notice = try #require(gateway.notices.last)
            #expect(notice["counts"] == ["unread": 1])
        }
    }

    @Test func pushesFollowTheRulesAndWhomSomebodyIgnores() async throws {
        try await PushWorld.withPeople([.takes]) { world, gateways, anna, bert in
            let gateway = gateways[0]
            try await world.addPusher("key", of: bert, to: gateway)
            try await world.startOnlyWorker()
            let (room, other) = (try await world.room([anna, bert]), try await world.room([anna, bert]))
            func change(_ kind: PushRuleKind, _ name: String, _ rule: JSONObject) async throws {
                try await world.execute(
                    .changePushRules(
                        .init(user: bert, change: PushRuleChange(kind: kind, name: name, what: .set(rule, nil)))),
                    of: bert)
            }
            try await change(.room, room.rawValue, ["actions": []])
            try await change(.content, "cake", ["pattern": "cake", "actions": ["notify"]])
            try await world.say("nothing", by: anna, in: room)
            let cake = try await world.say("cake!", by: anna, in: room)
            let elsewhere = try await world.say("elsewhere", by: anna, in: other)
            try await waitUntil { gateway.events().count >= 2 }
            #expect(Set(gateway.events()) == [cake.rawValue, elsewhere.rawValue])
            try await world.execute(
                .setAccountData(
                    .init(
                        user: bert, room: nil, type: "m.ignored_user_list",
                        content: ["ignored_users": [anna.rawValue: [:]]])), of: bert)
            try await world.say("cake of somebody ignored", by: anna, in: other)
            try await world.setMembership("leave", of: bert, by: bert, in: other)
            try await world.say("cake after leaving", by: anna, in: other)
            try await world.execute(
                .setAccountData(.init(user: bert, room: nil, type: "m.ignored_user_list", content: nil)), of: bert)
            let last = try await world.say("the last cake", by: anna, in: room)
            try await waitUntil { gateway.events().contains(last.rawValue) }
            #expect(gateway.events().count == 3)
        }
    }

    @Test func aReadInAThreadTakesBackThatThreadsOnly() async throws {
        try await PushWorld.withPeople([.fails]) { world, gateways, anna, bert in
            try await world.addPusher("key", of: bert, to: gateways[0])
            try await world.startOnlyWorker()
            let room = try await world.room([anna, bert])
            let root = try await world.say("root", by: anna, in: room)
            let other = try await world.say("other root", by: anna, in: room)
            let inThread = try await world.say("in the thread", by: anna, in: room, thread: root)
            let elsewhere = try await world.say("in the other", by: anna, in: room, thread: other)
            try await waitUntil { try await world.waiting() == 4 }
            try await world.read(inThread, by: bert, in: room, thread: root.rawValue)
            let before = gateways[0].told.count
            gateways[0].answer(.takes)
            try await waitUntil { try await world.waiting() == 0 }
            let told = Set(gateways[0].events().dropFirst(before))
            #expect(told.isSuperset(of: [other.rawValue, elsewhere.rawValue]))
            #expect(!told.contains(inThread.rawValue))
        }
    }

    /// MSC4306: who follows a thread hears of it also from a muted room, and of another one no longer.
    ///
    /// The badge says the same. Who never followed one hears of all.
    @Test func whoFollowsThreadsHearsOfThoseOnly() async throws {
        try await PushGatewayStub.with([.takes, .takes]) { gateways in
            try await PushWorld.with { world in
                let (anna, bert) = (try await world.person("anna"), try await world.person("bert"))
                let carl = try await world.person("carl")
                try await world.addPusher("of-bert", of: bert, to: gateways[0])
                try await world.addPusher("of-carl", of: carl, to: gateways[1])
                let room = try await world.room([anna, bert, carl])
                let root = try await world.say("root", by: anna, in: room)
                let other = try await world.say("other root", by: anna, in: room)
                for user in [bert, carl] { try await world.read(other, by: user, in: room) }
                try await world.execute(
                    .setThreadSubscription(
                        .init(user: bert, room: room, root: root, state: .manual, roomPosition: .zero)), of: bert)
                try await world.startWorker()
                try await world.waitForParts()
                try await world.say("unheard", by: anna, in: room, thread: other)
                let followed = try await world.say("heard", by: anna, in: room, thread: root)
                try await waitUntil { gateways[0].events() == [followed.rawValue] }
                #expect(gateways[0].notices.last?["counts"]?["unread"] == 1)
                try await waitUntil { gateways[1].events().count == 2 }
                #expect(gateways[1].notices.last?["counts"]?["unread"] == 2)

                let mute = PushRuleChange(kind: .room, name: room.rawValue, what: .set(["actions": []], nil))
                try await world.execute(.changePushRules(.init(user: bert, change: mute)), of: bert)
                try await world.say("muted", by: anna, in: room)
                let sticker: JSONObject = [
                    "body": "x", "m.relates_to": ["rel_type": "m.thread", "event_id": .string(root.rawValue)],
                ]
                let last = try await world.send(sticker, type: "m.sticker", by: anna, in: room)
                try await waitUntil { gateways[0].events() == [followed.rawValue, last.rawValue] }
                #expect(gateways[0].notices.last?["counts"]?["unread"] == 2)
            }
        }
    }

    /// What the rules that everybody has make of edits, reactions and mentions of the room.
    @Test func theUsualRulesSilenceAndSingleOut() async throws {
        try await PushWorld.withPeople([.takes]) { world, gateways, anna, bert in
            let carl = try await world.person("carl")
            try await world.addPusher("of-bert", of: bert, to: gateways[0])
            try await world.addPusher("of-carl", of: carl, to: gateways[0])
            try await world.startOnlyWorker()
            let room = try await world.room([anna, bert, carl])
            let first = try await world.say("first", by: anna, in: room)
            func about(_ type: String) -> JSONValue {
                ["rel_type": .string(type), "event_id": .string(first.rawValue)]
            }
            try await world.send(
                ["msgtype": "m.text", "body": "* x", "m.relates_to": about("m.replace")], by: anna, in: room)
            try await world.send(["m.relates_to": about("m.annotation")], type: "m.reaction", by: anna, in: room)
            let all: JSONObject = ["msgtype": "m.text", "body": "all", "m.mentions": ["room": true]]
            let mayNot = try await world.send(all, by: carl, in: room)
            let may = try await world.send(all, by: anna, in: room)
            try await waitUntil { gateways[0].events("of-bert").contains(may.rawValue) }
            #expect(gateways[0].events("of-bert") == [first, mayNot, may].map(\.rawValue))
            let highlights = gateways[0].told.filter { $0.pushkey == "of-bert" }.map {
                $0.notice["devices"]?.arrayValue?.first?["tweaks"]?["highlight"]
            }
            #expect(highlights == [nil, nil, true])
            // Nobody is told of their own.
            try await waitUntil { gateways[0].events("of-carl").contains(may.rawValue) }
            #expect(gateways[0].events("of-carl") == [first, may].map(\.rawValue))
        }
    }

    /// What was read elsewhere takes the number off the app's icon.
    @Test func whatIsReadIsToldAsANumber() async throws {
        try await PushWorld.withPeople([.takes]) { world, gateways, anna, bert in
            let gateway = gateways[0]
            try await world.addPusher("key", of: bert, to: gateway)
            try await world.startOnlyWorker()
            let room = try await world.room([anna, bert])
            var sent: [EventID] = []
            for number in 0..<3 { sent.append(try await world.say("\(number)", by: anna, in: room)) }
            try await waitUntil { gateway.events().count == 3 }
            #expect(gateway.notices.last?["counts"] == ["unread": 3])
            try await world.read(sent[1], by: bert, in: room)
            try await waitUntil { gateway.notices.count == 4 }
            let fourth = try #require(gateway.notices.last)
            #expect(Set(fourth.keys) == ["counts", "devices"] && fourth["counts"] == ["unread": 1])
            try await world.read(sent[2], by: bert, in: room)
            try await waitUntil { gateway.notices.count == 5 }
            #expect(gateway.notices.last?["counts"] == [:])
            // What changes no number is not told: others read too, and one's own is never unread.
            try await world.read(sent[2], by: anna, in: room)
            let own = try await world.say("own", by: bert, in: room)
            try await world.read(own, by: bert, in: room)
            let last = try await world.say("last", by: anna, in: room)
            try await waitUntil { gateway.events().contains(last.rawValue) }
            try await waitUntil { try await world.waiting() == 0 }
            #expect(gateway.notices.count == 6)
        }
    }
}
