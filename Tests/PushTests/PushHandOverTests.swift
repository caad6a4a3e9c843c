import CanonicalJSON
import Identifiers
import Postgres
import Push
import PushRules
import Storage
import TestSupport
import Testing
import WorkerContracts

/// What becomes of the parts of workers that die and end.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PushHandOverTests {
    /// Of a worker that dies the parts are taken up within ten seconds, and nothing is lost with it.
    @Test func anotherWorkerTakesUpWhatADeadOneHad() async throws {
        try await PushWorld.withPeople([.takes]) { world, gateways, anna, _ in
            let gateway = gateways[0]
            var readers: [UserID] = []
            for number in 0..<12 { readers.append(try await world.person("reader\(number)")) }
            for reader in readers { try await world.addPusher(reader.rawValue, of: reader, to: gateway) }
            let room = try await world.room([anna] + readers)
            let first = try await world.startOnlyWorker("first")
            let second = try await world.startWorker("second")
            try await waitUntil { first.parts.owned.count == Int(Pusher.partCount) / 2 }
            try await world.waitForParts()
            func told(_ event: EventID) -> Set<String> {
                Set(
                    gateway.notices.filter { $0["event_id"]?.stringValue == event.rawValue }
                        .compactMap { $0["devices"]?.arrayValue?.first?["pushkey"]?.stringValue })
            }
            let everybody = Set(readers.map(\.rawValue))
            let before = try await world.say("before", by: anna, in: room)
            try await waitUntil { told(before) == everybody }
            await world.kill(first)
            let killedAt = ContinuousClock.now
            let after = try await world.say("after", by: anna, in: room)
            try await waitUntil { told(after) == everybody }
            #expect(killedAt.duration(to: .now) < .seconds(10))
            // The dead one is listed still; what was taken in its place is kept all the same.
            try await waitUntil { second.parts.owned.count == Int(Pusher.partCount) }
            let settled = try await world.handOvers()
            try await world.waitForRenewals(5)
            #expect(try await world.handOvers() == settled)
            // A new one gets its share.
            let third = try await world.startWorker("third")
            try await waitUntil { !third.parts.owned.isEmpty }
        }
    }

    /// A worker that ends gives its parts up at once, and nobody hears twice of anything.
    @Test func aWorkerThatEndsLeavesNoGapAndTellsNothingTwice() async throws {
        try await PushWorld.withPeople([.takes]) { world, gateways, anna, bert in
            try await world.addPusher("key", of: bert, to: gateways[0])
            let first = try await world.startOnlyWorker("first")
            let room = try await world.room([anna, bert])
            try await world.startWorker("second")
            var sent: [String] = []
            for number in 0..<20 {
                sent.append(try await world.say("\(number)", by: anna, in: room).rawValue)
                if number == 10 { await world.end(first) }
            }
            #expect(first.parts.owned.isEmpty)
            try await waitUntil { gateways[0].events().count >= sent.count }
            try await waitUntil { try await world.waiting() == 0 }
            #expect(gateways[0].events() == sent)
        }
    }
}
