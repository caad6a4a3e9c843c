import CanonicalJSON
import Identifiers
import Postgres
import Push
import PushRules
import Storage
import TestSupport
import Testing
import WorkerContracts

/// Gateways that fail, hang and reject, beside others.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PushGatewayTests {
    /// A hanging gateway is given up after this.
    private static let hangingMax = Duration.seconds(9)

    @Test func aGatewayThatFailsOrHangsDelaysNobodyElse() async throws {
        try await PushWorld.withPeople([.fails, .hangs, .takes]) { world, gateways, anna, bert in
            let (bad, hanging, good) = (gateways[0], gateways[1], gateways[2])
            let carl = try await world.person("carl")
            try await world.addPusher("bad", of: bert, to: bad)
            try await world.addPusher("hanging", of: bert, to: hanging)
            try await world.addPusher("good", of: bert, to: good)
            try await world.addPusher("good too", of: carl, to: good)
            try await world.startOnlyWorker()
            let room = try await world.room([anna, bert, carl])
            let began = ContinuousClock.now
            var sent: [String] = []
            for number in 0..<5 { sent.append(try await world.say("\(number)", by: anna, in: room).rawValue) }
            try await waitUntil { good.events("good").count == 5 && good.events("good too").count == 5 }
            #expect(began.duration(to: .now) < Self.hangingMax, "nobody waits for the one that hangs")
            #expect(good.events("good") == sent && good.events("good too") == sent)
            // What failed comes again, in order, and in the end once and for all.
            try await waitUntil { bad.events().count >= 3 }
            #expect(Set(bad.events()) == [sent[0]])
            bad.answer(.takes)
            try await waitUntil { Set(bad.events()) == Set(sent) }
            hanging.answer(.takes)
            try await waitUntil { Set(hanging.events()) == Set(sent) }
            try await waitUntil { try await world.waiting() == 0 }
            let failures = try await world.database.query("SELECT sum(failures) AS n FROM pusher")
            #expect(try failures[0].int64("n") == 0)
        }
    }

    /// Sets of thousands at one gateway that hangs, at as many addresses, leave places for everybody else's.
    @Test func manyPushersOfAHangingGatewayDelayNobody() async throws {
        try await PushWorld.withPeople([.hangs, .takes]) { world, gateways, anna, bert in
            let carl = try await world.person("carl")
            try await world.addMany(PushWorkStore.pushersMax + 100, of: bert, to: gateways[0])
            try await world.addPusher("good", of: carl, to: gateways[1])
            try await world.startOnlyWorker()
            let room = try await world.room([anna, bert, carl])
            for number in 0..<3 {
                let began = ContinuousClock.now
                let sent = try await world.say("\(number)", by: anna, in: room).rawValue
                try await waitUntil { gateways[1].events().contains(sent) }
                #expect(began.duration(to: .now) < Self.hangingMax)
            }
            #expect(gateways[0].told.count <= 3 * PushPlaces.perGatewayMax)
        }
    }

    @Test func aRejectedKeyIsRemovedAndOthersStay() async throws {
        try await PushWorld.withPeople([.takes]) { world, gateways, anna, bert in
            let gateway = gateways[0]
            try await world.addPusher("gone", of: bert, to: gateway)
            try await world.addPusher("stays", of: bert, to: gateway)
            gateway.answer(.rejects(["gone"]))
            try await world.startOnlyWorker()
            let room = try await world.room([anna, bert])
            try await world.say("hello", by: anna, in: room)
            try await waitUntil {
                let left = try await PusherStore(database: world.database).list(of: bert)
                return left.map(\.pushkey) == ["stays"] && gateway.events("stays").count == 1
            }
            #expect(gateway.events("gone").count == 1)
            try await world.say("again", by: anna, in: room)
            try await waitUntil { gateway.events("stays").count == 2 }
            #expect(gateway.events("gone").count == 1)
        }
    }
}
